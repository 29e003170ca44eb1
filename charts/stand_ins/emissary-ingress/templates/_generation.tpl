{{/* What differs between the generations that have the other templates in common. */}}

{{/* namingReleases: a pattern of releases whose name is that of their objects too. */}}
{{- define "namingReleases" -}}
emissary|ambassador
{{- end -}}

{{/* hasModule: whether there is a Module. */}}
{{- define "hasModule" -}}
{{- if .Values.module.enabled }}yes{{ end -}}
{{- end -}}

{{/* serviceFields: fields of the Service that stand in its spec where values give them. */}}
{{- define "serviceFields" -}}
{{- list
  "loadBalancerIP" "loadBalancerClass" "loadBalancerSourceRanges" "externalTrafficPolicy" "externalIPs"
  "ipFamilies" "sessionAffinity" "sessionAffinityConfig" | toJson
-}}
{{- end -}}

{{/* moreEnvironment: further variables of the container. */}}
{{- define "moreEnvironment" -}}
{{- with .Values.waitForApiext }}{{ if .enabled -}}
- {name: AMBASSADOR_APIEXT_WAIT, value: "true"}
- {name: AMBASSADOR_APIEXT_DEPLOYMENT_NAME, value: {{ quote .deploymentName }}}
- {name: AMBASSADOR_APIEXT_DEPLOYMENT_NAMESPACE, value: {{ quote .deploymentNamespace }}}
{{- end }}{{ end -}}
{{- end -}}

{{/* waitContainers: what holds pods back until apiext is there; Emissary 4 waits by itself. */}}
{{- define "waitContainers" -}}
[]
{{- end -}}

{{/* waitRole: what allows to look whether it is. */}}
{{- define "waitRole" -}}
name: {{ include "rbacName" . }}-apiext-reader
rule: {apiGroups: [apps], resources: [deployments], resourceNames: [{{ .Values.waitForApiext.deploymentName }}], verbs: [get]}
{{- end -}}
