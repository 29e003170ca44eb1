{{/* What differs between the generations that have the other templates in common. */}}

{{/* namingReleases: a pattern of releases whose name is that of their objects too. */}}
{{- define "namingReleases" -}}
ambassador
{{- end -}}

{{/* hasModule: whether there is a Module. */}}
{{- define "hasModule" -}}
{{- if .Values.module }}yes{{ end -}}
{{- end -}}

{{/* serviceFields: fields of the Service that stand in its spec where values give them. */}}
{{- define "serviceFields" -}}
{{- list
  "loadBalancerIP" "loadBalancerSourceRanges" "externalTrafficPolicy" "externalIPs" "sessionAffinity"
  "sessionAffinityConfig" | toJson
-}}
{{- end -}}

{{/* moreEnvironment: further variables of the container. */}}
{{- define "moreEnvironment" -}}
- {name: AGENT_CONFIG_RESOURCE_NAME, value: {{ include "fullname" . }}-agent-cloud-token}
{{- end -}}

{{/* waitContainers: what holds pods back until apiext is there. */}}
{{- define "waitContainers" -}}
{{- with .Values.waitForApiext }}{{ if .enabled -}}
- name: wait-for-apiext
  image: istio/kubectl:1.5.10
  imagePullPolicy: IfNotPresent
  command: [kubectl, wait, --for=condition=available, --timeout=-1s, deployment/{{ .deploymentName }}]
  args: [--namespace, {{ .deploymentNamespace }}]
  {{- with .securityContext }}
  securityContext: {{ toJson . }}
  {{- end }}
{{- else -}}
[]
{{- end }}{{ end -}}
{{- end -}}

{{/* waitRole: what allows to look whether it is. */}}
{{- define "waitRole" -}}
name: {{ include "rbacName" . }}-apiext
rule: {apiGroups: [apps], resources: [deployments], verbs: [get, list, watch]}
{{- end -}}
