{{/*
webhook: the configuration of one admission webhook, and its Secret where the values leave it to the chart.
Takes "root", "component", "kind" (Mutating or Validating), "name" (linkerd-<…>), "key" (of the values that
configure it), "rules" and "extra" (further fields, YAML).
*/}}
{{- define "webhook" -}}
{{- $root := .root }}
{{- $own := get $root.Values .key }}
{{- if not $own.externalSecret }}
  {{- if or $own.injectCaFrom $own.injectCaFromSecret }}
    {{- fail (printf "%s: injectCaFrom and injectCaFromSecret need externalSecret: true" .key) }}
  {{- end }}
{{- else }}
  {{- $sources := compact (list $own.caBundle $own.injectCaFrom $own.injectCaFromSecret) }}
  {{- if ne (len $sources) 1 }}
    {{- fail (printf "%s: externalSecret needs exactly one of caBundle, injectCaFrom, injectCaFromSecret" .key) }}
  {{- end }}
{{- end }}
{{- $cert := dict }}
{{- if not (and $own.externalSecret (or $own.caBundle $own.injectCaFrom $own.injectCaFromSecret)) }}
  {{- $host := printf "%s.%s.svc" .name $root.Release.Namespace }}
  {{- $cert = genSelfSignedCert $host (list) (list $host) 365 }}
{{- end }}
{{- if not $own.externalSecret }}
apiVersion: v1
kind: Secret
metadata: {{- include "metadata" (dict "root" $root "component" .component "name" (print .name "-k8s-tls")) | nindent 2 }}
type: kubernetes.io/tls
data:
  tls.crt: {{ $own.crtPEM | default $cert.Cert | trim | b64enc }}
  tls.key: {{ $own.keyPEM | default $cert.Key | trim | b64enc }}
---
{{- end }}
apiVersion: admissionregistration.k8s.io/v1
kind: {{ .kind }}WebhookConfiguration
metadata:
  name: {{ .name }}-webhook-config
  labels: {{- include "labels" . | nindent 4 }}
  {{- if or $own.injectCaFrom $own.injectCaFromSecret }}
  annotations:
    {{- with $own.injectCaFrom }}
    cert-manager.io/inject-ca-from: {{ . }}
    {{- end }}
    {{- with $own.injectCaFromSecret }}
    cert-manager.io/inject-ca-from-secret: {{ . }}
    {{- end }}
  {{- end }}
webhooks:
  - name: {{ .name }}.linkerd.io
    admissionReviewVersions: [v1, v1beta1]
    sideEffects: None
    failurePolicy: {{ $root.Values.webhookFailurePolicy }}
    namespaceSelector: {{ toJson $own.namespaceSelector }}
    {{- with .extra }}{{ . | nindent 4 }}{{ end }}
    clientConfig:
      service: {namespace: {{ $root.Release.Namespace }}, name: {{ .name }}, path: /}
      {{- if not (or $own.injectCaFrom $own.injectCaFromSecret) }}
      caBundle: {{ $own.caBundle | default $cert.Cert | trim | b64enc }}
      {{- end }}
    rules: {{- .rules | nindent 6 }}
{{- end -}}

{{- define "proxyInjectorWebhook" -}}
{{- $rules := "- {operations: [CREATE], apiGroups: [''], apiVersions: [v1], resources: [pods, services], scope: Namespaced}" -}}
{{- $extra := printf "objectSelector: %s\ntimeoutSeconds: %v" (toJson .Values.proxyInjector.objectSelector) .Values.proxyInjector.timeoutSeconds -}}
{{ include "webhook" (dict
  "root" . "component" "proxy-injector" "kind" "Mutating" "name" "linkerd-proxy-injector"
  "key" "proxyInjector" "rules" $rules "extra" $extra
) }}
{{- end -}}

{{- define "validatorWebhooks" -}}
{{- $profiles := "- {operations: [CREATE, UPDATE], apiGroups: [linkerd.io], apiVersions: [v1alpha1, v1alpha2], resources: [serviceprofiles]}" -}}
{{- $policies := `
- operations: [CREATE, UPDATE]
  apiGroups: [policy.linkerd.io]
  apiVersions: ["*"]
  resources: [authorizationpolicies, httplocalratelimitpolicies, httproutes, networkauthentications,
    meshtlsauthentications, serverauthorizations, servers, egressnetworks]
- operations: [CREATE, UPDATE]
  apiGroups: [gateway.networking.k8s.io]
  apiVersions: ["*"]
  resources: [httproutes, grpcroutes, tlsroutes, tcproutes]` -}}
{{ include "webhook" (dict
  "root" . "component" "destination" "kind" "Validating" "name" "linkerd-sp-validator"
  "key" "profileValidator" "rules" $profiles
) }}
---
{{ include "webhook" (dict
  "root" . "component" "destination" "kind" "Validating" "name" "linkerd-policy-validator"
  "key" "policyValidator" "rules" $policies
) }}
{{- end -}}
