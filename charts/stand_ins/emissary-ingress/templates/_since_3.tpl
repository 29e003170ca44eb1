{{/* What generations 3 and 4 have alike, and legacy Ambassador has not. */}}

{{/* apis: what is written in which version of its API, and the API groups that are Ambassador's own. */}}
{{- define "apis" -}}
rbac: rbac.authorization.k8s.io/v1
policy: policy/v1
scaling: autoscaling/v2
objects: getambassador.io/v3alpha1
groups: "[getambassador.io, gateway.getambassador.io]"
{{- end -}}

{{/* watched: what of Kubernetes' own is watched. */}}
{{- define "watched" -}}
[namespaces, services, secrets, configmaps, endpoints]
{{- end -}}

{{/* image: of the container. */}}
{{- define "image" -}}
{{ .Values.image.repository | default .Values.defaultImageRepository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* ownLabels: of the pods, apart from the next. */}}
{{- define "ownLabels" -}}
{{ include "labels" . }}
{{- end -}}

{{/* profile: a label of the pods that the Service selects them by as well. */}}
{{- define "profile" -}}
profile: main
{{- end -}}

{{/* ambassadorID: which Ambassador a resource of getambassador.io is for, where there are several. */}}
{{- define "ambassadorID" -}}
{{- with .Values.env.AMBASSADOR_ID -}}
ambassador_id: [{{ quote . }}]
{{- end -}}
{{- end -}}
