{{/* What differs between the generations that have the other templates in common. */}}

{{/* crdLabels: of the CRDs. By part-of, apiext knows those that it converts. */}}
{{- define "crdLabels" -}}
{{ include "apiextLabels" . }}
{{- end -}}

{{/* apiextLabels: of all that belongs to apiext. */}}
{{- define "apiextLabels" -}}
app.kubernetes.io/name: emissary-apiext
app.kubernetes.io/instance: emissary-apiext
app.kubernetes.io/part-of: emissary-apiext
app.kubernetes.io/managed-by: kubectl_apply_-f_aes-apiext.yaml
{{- end -}}

{{/* converter: the Service that CRDs have converted by. */}}
{{- define "converter" -}}
namespace: {{ .Release.Namespace }}
name: emissary-apiext
path: /webhooks/crd-convert
port: 443
{{- end -}}
