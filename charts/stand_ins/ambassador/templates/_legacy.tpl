{{/* What generations 3 and 4 have otherwise. */}}

{{/* apis: what is written in which version of its API, and the API groups that are Ambassador's own. */}}
{{- define "apis" -}}
rbac: rbac.authorization.k8s.io/v1beta1
policy: policy/v1beta1
scaling: autoscaling/v2beta2
objects: getambassador.io/v2
groups: "[getambassador.io]"
{{- end -}}

{{/* watched: what of Kubernetes' own is watched. */}}
{{- define "watched" -}}
[namespaces, services, secrets, endpoints]
{{- end -}}

{{/* image: of the container. */}}
{{- define "image" -}}
{{ .Values.image.repository | default .Values.image.ossRepository }}:{{ .Values.image.tag | default .Values.image.ossTag }}
{{- end -}}

{{/* ownLabels: of the pods. Their chart is not among them. */}}
{{- define "ownLabels" -}}
{{ omit (include "labels" . | fromYaml) "helm.sh/chart" | toYaml }}
{{- end -}}

{{/* profile: no label beyond the selector. */}}
{{- define "profile" -}}{{- end -}}

{{/* ambassadorID: which Ambassador a resource of getambassador.io is for, where there are several. */}}
{{- define "ambassadorID" -}}
{{- with .Values.env.AMBASSADOR_ID -}}
ambassador_id: {{ quote . }}
{{- end -}}
{{- end -}}
