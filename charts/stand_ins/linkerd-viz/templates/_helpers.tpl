{{/* createdBy: the annotation that every Linkerd chart leaves. */}}
{{- define "createdBy" -}}
linkerd.io/created-by: linkerd/helm {{ .Values.linkerdVersion }}
{{- end -}}

{{/* labels: Takes "root", and "own", a map of further ones. */}}
{{- define "labels" -}}
linkerd.io/extension: viz
{{- with .own }}
{{ toYaml . }}
{{- end }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* resources: {cpu: {request, limit}, …}, as the values have them, turned to what Kubernetes calls them. */}}
{{- define "resources" -}}
{{- $all := dict "requests" dict "limits" dict -}}
{{- range $what, $amounts := . -}}
  {{- with ($amounts).request -}}{{- $_ := toString . | set $all.requests $what -}}{{- end -}}
  {{- with ($amounts).limit -}}{{- $_ := toString . | set $all.limits $what -}}{{- end -}}
{{- end -}}
{{- toJson $all -}}
{{- end -}}

{{/* role: a ClusterRole and its binding to the component's ServiceAccount. Takes "root", "name", "own", "account", "rules". */}}
{{- define "role" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ .name }}
  labels: {{- include "labels" . | nindent 4 }}
rules: {{- .rules | nindent 2 }}
---
{{ include "binding" . }}
{{- end -}}

{{/* binding: of a ClusterRole to a ServiceAccount. Takes "root", "name", "own", "account", "role". */}}
{{- define "binding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ .name }}
  labels: {{- include "labels" . | nindent 4 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {{ .role | default .name | quote }}}
subjects: [{kind: ServiceAccount, name: {{ .account }}, namespace: {{ .root.Release.Namespace }}}]
{{- end -}}

{{/*
component: the ServiceAccount, Service, Deployment and disruption budget of one component.
Takes "root", "name", "values" (its own part of them), "own" (its labels), "selector" (of its pods),
"ports" (of its container, {name: number}), "servicePorts" (YAML list), "args", "volumes", "mounts", "checksum".
*/}}
{{- define "component" -}}
{{- $root := .root }}
{{- $values := .root.Values }}
{{- $own := .values }}
{{- $service := $own.service | default dict }}
{{- $uid := .uid | default ($own.UID | default $values.defaultUID) }}
{{- $gid := .uid | default ($own.GID | default $values.defaultGID) }}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name }}
  namespace: {{ $root.Release.Namespace }}
  labels: {{- include "labels" . | nindent 4 }}
{{- with $values.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "labels" . | nindent 4 }}
    {{- with $service.labels }}{{ toYaml . | nindent 4 }}{{ end }}
  annotations:
    linkerd.io/inject: enabled
    {{- include "createdBy" $root | nindent 4 }}
    {{- with $service.annotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  type: ClusterIP
  selector: {linkerd.io/extension: viz, component: {{ .name }}}
  ports: {{- .servicePorts | nindent 4 }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    app.kubernetes.io/name: {{ .name }}
    app.kubernetes.io/part-of: Linkerd
    app.kubernetes.io/version: {{ $values.linkerdVersion }}
    {{- include "labels" . | nindent 4 }}
  annotations:
    linkerd.io/inject: enabled
    config.linkerd.io/proxy-await: enabled
    {{- include "createdBy" $root | nindent 4 }}
spec:
  replicas: {{ $own.replicas | default 1 }}
  revisionHistoryLimit: {{ $values.revisionHistoryLimit }}
  {{- if and $values.enablePodAntiAffinity .gradual }}
  strategy: {rollingUpdate: {maxUnavailable: 1}}
  {{- end }}
  selector: {matchLabels: {{ toJson .selector }}}
  template:
    metadata:
      labels:
        linkerd.io/extension: viz
        {{- merge (dict) .own $values.podLabels | toYaml | nindent 8 }}
      annotations:
        linkerd.io/inject: enabled
        config.alpha.linkerd.io/proxy-wait-before-exit-seconds: "0"
        {{- if not .stays }}
        cluster-autoscaler.kubernetes.io/safe-to-evict: "true"
        {{- end }}
        {{- include "createdBy" $root | nindent 8 }}
        {{- with .checksum }}
        checksum/config: {{ sha256sum . }}
        {{- end }}
        {{- range $what, $amounts := ($own.proxy | default dict).resources }}
        {{- range $which, $amount := $amounts }}
        {{- if and $amount (has $what (list "cpu" "memory")) }}
        config.linkerd.io/proxy-{{ $what }}-{{ $which }}: {{ $amount | quote }}
        {{- end }}
        {{- end }}
        {{- end }}
        {{- with merge (dict) ($own.podAnnotations | default dict) ($values.podAnnotations | default dict) }}{{ toYaml . | nindent 8 }}{{ end }}
    spec:
      serviceAccountName: {{ .name }}
      automountServiceAccountToken: false
      {{- $placed := ternary $own $values (hasKey $own "nodeSelector") }}
      nodeSelector: {{ toJson $placed.nodeSelector }}
      {{- with $placed.tolerations }}
      tolerations: {{ toJson . }}
      {{- end }}
      securityContext:
        seccompProfile: {type: RuntimeDefault}
        {{- if .uid }}
        fsGroup: {{ .uid }}
        {{- end }}
      {{- if and $values.enablePodAntiAffinity (not .stays) }}
      {{- $alike := printf "{matchExpressions: [{key: component, operator: In, values: [%s]}]}" .name }}
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            - {topologyKey: kubernetes.io/hostname, labelSelector: {{ $alike }}}
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm: {topologyKey: topology.kubernetes.io/zone, labelSelector: {{ $alike }}}
      {{- end }}
      containers:
        - name: {{ .name }}
          {{- $registry := $own.image.registry | default $values.defaultRegistry }}
          image: {{ $registry }}/{{ $own.image.name }}:{{ $own.image.tag | default $values.linkerdVersion }}
          imagePullPolicy: {{ $own.image.pullPolicy | default $values.defaultImagePullPolicy }}
          args: {{ toJson .args }}
          ports:
            {{- range $name, $number := .ports }}
            - {name: {{ $name }}, containerPort: {{ $number }}}
            {{- end }}
          resources: {{ include "resources" $own.resources }}
          securityContext:
            allowPrivilegeEscalation: false
            capabilities: {drop: [ALL]}
            readOnlyRootFilesystem: true
            runAsNonRoot: true
            runAsUser: {{ $uid }}
            runAsGroup: {{ $gid }}
            seccompProfile: {type: RuntimeDefault}
          {{- with .mounts }}
          volumeMounts: {{ toJson . }}
          {{- end }}
      {{- with .volumes }}
      volumes: {{ toJson . }}
      {{- end }}
{{- if and $values.enablePodDisruptionBudget (gt (int $own.replicas) 1) }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    component: {{ .name }}
    namespace: {{ $root.Release.Namespace }}
    {{- include "labels" (dict "root" $root) | nindent 4 }}
  annotations: {{- include "createdBy" $root | nindent 4 }}
spec:
  maxUnavailable: 1
  selector: {matchLabels: {linkerd.io/extension: viz, component: {{ .name }}}}
{{- end }}
{{- end -}}

{{/*
served: what the API server needs to call a component over TLS: its Secret, unless that is somebody else's, and
the "ca" lines that go into the object which announces it. Takes "root", "values", "name", "key", "own". JSON:
{secret, annotations, ca}.
*/}}
{{- define "served" -}}
{{- $own := .values }}
{{- if not $own.externalSecret }}
  {{- if or $own.injectCaFrom $own.injectCaFromSecret }}
    {{- fail (printf "%s: injectCaFrom and injectCaFromSecret need externalSecret: true" .key) }}
  {{- end }}
{{- else if ne (len (compact (list $own.caBundle $own.injectCaFrom $own.injectCaFromSecret))) 1 }}
  {{- fail (printf "%s: externalSecret needs exactly one of caBundle, injectCaFrom, injectCaFromSecret" .key) }}
{{- end }}
{{- $host := printf "%s.%s.svc" .name .root.Release.Namespace }}
{{- $cert := dict }}
{{- if not $own.externalSecret }}{{ $cert = genSelfSignedCert $host (list) (list $host) 365 }}{{ end }}
{{- $annotations := dict }}
{{- with $own.injectCaFrom }}{{ $_ := set $annotations "cert-manager.io/inject-ca-from" . }}{{ end }}
{{- with $own.injectCaFromSecret }}{{ $_ := set $annotations "cert-manager.io/inject-ca-from-secret" . }}{{ end }}
{{- $secret := "" }}
{{- if not $own.externalSecret }}
  {{- $secret = printf `apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata:
  name: %s-k8s-tls
  namespace: %s
  labels: %s
  annotations: {%s}
data:
  tls.crt: %s
  tls.key: %s
---
` .name .root.Release.Namespace (include "labels" . | fromYaml | toJson) (include "createdBy" .root)
    ($own.crtPEM | default $cert.Cert | trim | b64enc) ($own.keyPEM | default $cert.Key | trim | b64enc) }}
{{- end }}
{{- $ca := $own.caBundle | default $cert.Cert | default "" | trim | b64enc }}
{{- dict "secret" $secret "annotations" $annotations "ca" $ca | toJson }}
{{- end -}}

{{/* calledByAPIServer: a Server, and the policy that opens it to the API server. Takes "root", "name", "server", "port". */}}
{{- define "calledByAPIServer" -}}
{{- $own := dict "component" .name }}
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata:
  name: {{ .server }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "labels" (dict "root" .root "own" $own) | nindent 4 }}
  annotations: {{- include "createdBy" .root | nindent 4 }}
spec:
  podSelector: {matchLabels: {linkerd.io/extension: viz, component: {{ .name }}}}
  port: {{ .port }}
  proxyProtocol: TLS
---
apiVersion: policy.linkerd.io/v1alpha1
kind: AuthorizationPolicy
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "labels" (dict "root" .root "own" $own) | nindent 4 }}
  annotations: {{- include "createdBy" .root | nindent 4 }}
spec:
  targetRef: {group: policy.linkerd.io, kind: Server, name: {{ .server }}}
  requiredAuthenticationRefs: [{group: policy.linkerd.io, kind: NetworkAuthentication, name: kube-api-server}]
{{- end -}}
