{{/* createdBy: the annotation that every Linkerd chart leaves. */}}
{{- define "createdBy" -}}
linkerd.io/created-by: linkerd/helm {{ .Values.linkerdVersion }}
{{- end -}}

{{/* labels: Takes "root", and "own", a map of further ones. */}}
{{- define "labels" -}}
linkerd.io/extension: multicluster
{{- with .own }}
{{ toYaml . }}
{{- end }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* serviceAccount: Takes "root", "name", "own". */}}
{{- define "serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "labels" . | nindent 4 }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- end -}}

{{/* binding: a ClusterRoleBinding (or RoleBinding) to a ServiceAccount. Takes "root", "name", "own", "role", "account", "namespaced". */}}
{{- define "binding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ ternary "RoleBinding" "ClusterRoleBinding" (default false .namespaced) }}
metadata:
  name: {{ .name }}
  {{- if .namespaced }}
  namespace: {{ .root.Release.Namespace }}
  {{- end }}
  labels: {{- include "labels" . | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ ternary "Role" "ClusterRole" (default false .namespaced) }}
  name: {{ .role | default .name }}
subjects: [{kind: ServiceAccount, name: {{ .account | default .name }}, namespace: {{ .root.Release.Namespace }}}]
{{- end -}}

{{/* unprivileged: what Pod Security "restricted" asks of a container. */}}
{{- define "unprivileged" -}}
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: {{ .UID }}
runAsGroup: {{ .GID }}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* affinity: apart from the pods with the same label. Takes "label", "value", "apart", "nodes" (node affinity). */}}
{{- define "affinity" -}}
{{- if or .apart .nodes }}
affinity:
  {{- with .nodes }}
  nodeAffinity: {{ toJson . }}
  {{- end }}
  {{- if .apart }}
  {{- $alike := printf "{matchExpressions: [{key: %s, operator: In, values: [%s]}]}" .label .value }}
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - {topologyKey: kubernetes.io/hostname, labelSelector: {{ $alike }}}
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm: {topologyKey: topology.kubernetes.io/zone, labelSelector: {{ $alike }}}
  {{- end }}
{{- end }}
{{- end -}}

{{/* budget: at most one pod away at a time. Takes "root", "name", "labels", "selector". */}}
{{- define "budget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{ toJson .labels }}
  annotations: {{- include "createdBy" .root | nindent 4 }}
spec:
  maxUnavailable: 1
  selector: {matchLabels: {{ toJson .selector }}}
{{- end -}}

{{/* scrapedBy: a Server on an admin port, open to Prometheus alone. Takes "root", "name", "component", "port". */}}
{{- define "scrapedBy" -}}
{{- $own := dict }}
{{- with .component }}{{ $_ := set $own "component" . }}{{ end }}
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "labels" (dict "root" .root "own" $own) | nindent 4 }}
spec:
  podSelector: {matchLabels: {{ merge (dict "linkerd.io/extension" "multicluster") $own | toJson }}}
  port: {{ .port }}
  proxyProtocol: HTTP/1
---
apiVersion: policy.linkerd.io/v1alpha1
kind: AuthorizationPolicy
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "labels" (dict "root" .root "own" $own) | nindent 4 }}
spec:
  targetRef: {group: policy.linkerd.io, kind: Server, name: {{ .name }}}
  requiredAuthenticationRefs: [{kind: ServiceAccount, name: prometheus, namespace: linkerd-viz}]
{{- end -}}
