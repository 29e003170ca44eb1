{{- define "createdBy" -}}
linkerd.io/created-by: linkerd/helm {{ .Values.global.linkerdVersion }}
{{- end -}}

{{/* labels: of an object. Takes "root", and "component" where it belongs to one. */}}
{{- define "labels" -}}
{{- with .component }}
linkerd.io/control-plane-component: {{ . }}
{{- end }}
linkerd.io/control-plane-ns: {{ .root.Values.global.namespace }}
{{- end -}}

{{/* metadata: Takes "root", "name", "component", "created" (whether it says by what), and "cluster" where it has no namespace. */}}
{{- define "metadata" -}}
name: {{ .name }}
{{- if not .cluster }}
namespace: {{ .root.Values.global.namespace }}
{{- end }}
labels: {{- include "labels" . | nindent 2 }}
{{- if .created }}
annotations: {{- include "createdBy" .root | nindent 2 }}
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

{{- define "version" -}}
{{ .Values.global.controllerImageVersion | default .Values.global.linkerdVersion }}
{{- end -}}

{{/* account: a component's, with its rules in the cluster. Takes "root", "component", "rules". */}}
{{- define "account" -}}
{{- $name := print "linkerd-" .component }}
apiVersion: v1
kind: ServiceAccount
metadata: {{- include "metadata" (dict "root" .root "component" .component "name" $name) | nindent 2 }}
---
{{- if .rules }}
{{- include "granted" (dict "root" .root "component" .component "rules" .rules "name" .component "cluster" true) }}
{{- end }}
{{- end -}}

{{/*
granted: a role with its binding to a component's account. Takes "root", "component", "rules", "name", and
"cluster" where it is for all of the cluster, or "labelled" where it is not and has the component's label.
*/}}
{{- define "granted" -}}
{{- $namespace := .root.Values.global.namespace }}
{{- $name := printf "linkerd-%s" (ternary (print $namespace "-" .name) .name (default false .cluster)) }}
{{- $of := ternary .component "" (or .cluster .labelled | default false) }}
{{- $metadata := include "metadata" (dict "root" .root "component" $of "name" $name "cluster" .cluster) }}
{{- $kind := ternary "ClusterRole" "Role" (default false .cluster) }}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}
metadata: {{- $metadata | nindent 2 }}
rules: {{ toJson .rules }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
metadata: {{- $metadata | nindent 2 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: {{ $kind }}, name: {{ $name }}}
subjects: [{kind: ServiceAccount, name: linkerd-{{ .component }}, namespace: {{ $namespace }}}]
---
{{- end -}}

{{/* proxy: the containers of a meshed pod that are Linkerd's, as two lists. Takes the root. */}}
{{- define "proxy" -}}
{{- $proxy := .Values.global.proxy }}
{{- $init := .Values.global.proxyInit }}
containers:
  - name: linkerd-proxy
    image: {{ $proxy.image.name }}:{{ $proxy.image.version }}
    imagePullPolicy: {{ $proxy.image.pullPolicy }}
    ports:
      - {name: linkerd-proxy, containerPort: {{ $proxy.ports.inbound }}}
      - {name: linkerd-admin, containerPort: {{ $proxy.ports.admin }}}
    env:
      - {name: LINKERD2_PROXY_LOG, value: {{ quote $proxy.logLevel }}}
      - {name: LINKERD2_PROXY_DESTINATION_GET_NETWORKS, value: {{ quote $proxy.destinationGetNetworks }}}
      - {name: LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS, value: {{ print .Values.global.identityTrustAnchorsPEM "\n" | quote }}}
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsUser: {{ $proxy.uid }}}
    resources: {{ include "resources" $proxy.resources }}
    volumeMounts: [{name: linkerd-identity-end-entity, mountPath: /var/run/linkerd/identity/end-entity}]
{{- if not .Values.global.cniEnabled }}
initContainers:
  - name: linkerd-init
    image: {{ $init.image.name }}:{{ $init.image.version }}
    imagePullPolicy: {{ $init.image.pullPolicy }}
    args:
      - --incoming-proxy-port
      - {{ quote $proxy.ports.inbound }}
      - --outgoing-proxy-port
      - {{ quote $proxy.ports.outbound }}
      - --proxy-uid
      - {{ quote $proxy.uid }}
      - --inbound-ports-to-ignore
      - {{ list $proxy.ports.control $proxy.ports.admin $init.ignoreInboundPorts | compact | join "," | quote }}
      - --outbound-ports-to-ignore
      - {{ list "443" $init.ignoreOutboundPorts | compact | join "," | quote }}
    securityContext:
      allowPrivilegeEscalation: false
      capabilities: {add: [NET_ADMIN, NET_RAW]}
      privileged: false
      readOnlyRootFilesystem: true
      runAsNonRoot: false
      runAsUser: 0
    resources: {{ include "resources" $init.resources }}
{{- end }}
{{- end -}}
