{{/* name: the value of app.kubernetes.io/name. */}}
{{- define "name" -}}
{{- if regexMatch (include "namingReleases" .) .Release.Name -}}
{{ .Release.Name }}
{{- else -}}
{{ .Values.nameOverride | default .Chart.Name }}
{{- end -}}
{{- end -}}

{{/* fullname: of the Deployment, the Service and all that belongs to them. */}}
{{- define "fullname" -}}
{{- $chart := .Values.nameOverride | default .Chart.Name -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride }}
{{- else if or (contains $chart .Release.Name) (regexMatch (include "namingReleases" .) .Release.Name) -}}
{{ .Release.Name }}
{{- else -}}
{{ .Release.Name }}-{{ $chart }}
{{- end -}}
{{- end -}}

{{- define "namespace" -}}
{{ .Values.namespaceOverride | default .Release.Namespace }}
{{- end -}}

{{- define "serviceAccountName" -}}
{{ .Values.serviceAccount.name | default (ternary (include "fullname" .) "default" .Values.serviceAccount.create) }}
{{- end -}}

{{- define "rbacName" -}}
{{ .Values.rbac.nameOverride | default (include "fullname" .) }}
{{- end -}}

{{- define "labels" -}}
{{- $tool := .Values.deploymentTool | default .Release.Service -}}
app.kubernetes.io/name: {{ include "name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ $tool }}
{{- if eq $tool "Helm" }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
product: aes
{{- end -}}

{{/* selector: of the pods. */}}
{{- define "selector" -}}
{{- with .Values.service.selector -}}
{{ toYaml . }}
{{- else -}}
app.kubernetes.io/name: {{ include "name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
{{- end -}}

{{/* given: the fields among "names" that "from" gives a value. */}}
{{- define "given" -}}
{{- range $name := .names }}
{{- with get $.from $name }}
{{ $name }}: {{ toJson . }}
{{- end }}
{{- end }}
{{- end -}}
