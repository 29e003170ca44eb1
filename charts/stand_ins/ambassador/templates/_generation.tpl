{{/* What differs between the generations that have the other templates in common. */}}

{{/* namingReleases: a pattern of releases whose name is that of their objects too; here none but the chart's. */}}
{{- define "namingReleases" -}}
[^\s\S]
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
{{- define "moreEnvironment" -}}{{- end -}}

{{/* waitContainers: what holds pods back until apiext is there, which this generation has not. */}}
{{- define "waitContainers" -}}
[]
{{- end -}}
