{{/*
deployment: of a component, with its disruption budget.
Takes "root", "component", "containers" and "volumes" (YAML lists), "annotations" of its pods, "sidecar"
(whether its proxy may be a native one), and "budget", the name of the disruption budget.
*/}}
{{- define "deployment" -}}
{{- $root := .root }}
{{- $values := .root.Values }}
{{- $name := print "linkerd-" .component }}
{{- $native := and .sidecar $values.proxy.nativeSidecar }}
{{- $own := get $values (print (camelcase (replace "-" "_" .component) | untitle) "ProxyResources") | default dict }}
{{- $proxy := dict "values" $values "resources" (mergeOverwrite (deepCopy $values.proxy.resources) $own) "native" $native "root" $root }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    app.kubernetes.io/name: {{ .component }}
    app.kubernetes.io/part-of: Linkerd
    app.kubernetes.io/version: {{ $values.linkerdVersion }}
    {{- include "labels" . | nindent 4 }}
  annotations: {{- include "createdBy" $root | nindent 4 }}
spec:
  replicas: {{ $values.controllerReplicas }}
  revisionHistoryLimit: {{ $values.revisionHistoryLimit }}
  {{- with $values.deploymentStrategy }}
  strategy: {{ toJson . }}
  {{- end }}
  selector:
    matchLabels: {{- .selector | nindent 6 }}
  template:
    metadata:
      labels:
        linkerd.io/control-plane-component: {{ .component }}
        linkerd.io/control-plane-ns: {{ $root.Release.Namespace }}
        linkerd.io/workload-ns: {{ $root.Release.Namespace }}
        linkerd.io/proxy-deployment: {{ $name }}
        {{- with $values.podLabels }}{{ toYaml . | nindent 8 }}{{ end }}
      annotations:
        {{- include "createdBy" $root | nindent 8 }}
        linkerd.io/proxy-version: {{ $values.proxy.image.version | default $values.linkerdVersion }}
        linkerd.io/trust-root-sha256: {{ sha256sum $values.identityTrustAnchorsPEM }}
        config.linkerd.io/default-inbound-policy: all-unauthenticated
        cluster-autoscaler.kubernetes.io/safe-to-evict: "true"
        {{- with .checksum }}
        checksum/config: {{ sha256sum . }}
        {{- end }}
        {{- with mergeOverwrite (deepCopy $values.podAnnotations) (.annotations | default dict) }}{{ toYaml . | nindent 8 }}{{ end }}
    spec:
      serviceAccountName: {{ $name }}
      automountServiceAccountToken: false
      securityContext: {seccompProfile: {type: RuntimeDefault}}
      {{- include "scheduling" $root | nindent 6 }}
      {{- if or $values.enablePodAntiAffinity $values.nodeAffinity }}
      affinity:
        {{- with $values.nodeAffinity }}
        nodeAffinity: {{ toJson . }}
        {{- end }}
        {{- if $values.enablePodAntiAffinity }}
        {{- $others := printf "{matchExpressions: [{key: linkerd.io/control-plane-component, operator: In, values: [%s]}]}" .component }}
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            - {topologyKey: kubernetes.io/hostname, labelSelector: {{ $others }}}
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm: {topologyKey: topology.kubernetes.io/zone, labelSelector: {{ $others }}}
        {{- end }}
      {{- end }}
      containers:
        {{- if and .sidecar (not $native) }}{{ include "proxyContainer" $proxy | nindent 8 }}{{ end }}
        {{- .containers | nindent 8 }}
        {{- if not .sidecar }}{{ include "proxyContainer" $proxy | nindent 8 }}{{ end }}
      initContainers:
        {{- if $values.cniEnabled }}
        - name: linkerd-network-validator
          image: {{ include "proxyImage" $root }}
          imagePullPolicy: {{ $values.proxy.image.pullPolicy | default $values.imagePullPolicy }}
          securityContext: {{ toJson $values.networkValidator.securityContext }}
          resources: {{ include "resources" $proxy.resources }}
        {{- else }}
        - name: linkerd-init
          image: {{ include "proxyImage" $root }}
          imagePullPolicy: {{ $values.proxy.image.pullPolicy | default $values.imagePullPolicy }}
          securityContext:
            allowPrivilegeEscalation: {{ or $values.proxyInit.privileged (ne (int $values.proxyInit.closeWaitTimeoutSecs) 0) }}
            capabilities: {add: [NET_ADMIN, NET_RAW]}
            privileged: {{ $values.proxyInit.privileged }}
            {{- if $values.proxyInit.runAsRoot }}
            runAsNonRoot: false
            runAsUser: 0
            runAsGroup: 0
            {{- else }}
            runAsNonRoot: true
            runAsUser: {{ int $values.proxyInit.runAsUser }}
            runAsGroup: {{ int $values.proxyInit.runAsGroup }}
            {{- end }}
            readOnlyRootFilesystem: true
            seccompProfile: {type: RuntimeDefault}
          resources: {{ include "resources" $proxy.resources }}
        {{- end }}
        {{- if $native }}{{ include "proxyContainer" $proxy | nindent 8 }}{{ end }}
      {{- with .volumes }}
      volumes: {{- . | nindent 8 }}
      {{- end }}
{{- if $values.enablePodDisruptionBudget }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{- include "metadata" (dict "root" $root "component" .component "name" .budget) | nindent 2 }}
spec:
  maxUnavailable: {{ $values.controller.podDisruptionBudget.maxUnavailable }}
  selector: {matchLabels: {linkerd.io/control-plane-component: {{ .component }}}}
{{- end }}
{{- end -}}

{{/* proxyContainer: linkerd-proxy, in a list of containers. */}}
{{- define "proxyContainer" -}}
- name: linkerd-proxy
  image: {{ include "proxyImage" .root }}
  imagePullPolicy: {{ .values.proxy.image.pullPolicy | default .values.imagePullPolicy }}
  ports:
    - {name: linkerd-proxy, containerPort: {{ .values.proxy.ports.inbound }}}
    - {name: linkerd-admin, containerPort: {{ .values.proxy.ports.admin }}}
  {{- if (.values.proxy.tracing | default dict).enabled }}
  {{- $collector := .values.proxy.tracing.collector }}
  env:
    - {name: LINKERD2_PROXY_TRACE_SERVICE_NAME, value: {{ .values.proxy.tracing.traceServiceName | quote }}}
    - {name: LINKERD2_PROXY_TRACE_COLLECTOR_SVC_ADDR, value: {{ $collector.endpoint | quote }}}
    {{- with $collector.meshIdentity }}
    - name: LINKERD2_PROXY_TRACE_COLLECTOR_SVC_NAME
      value: {{ .serviceAccountName }}.{{ .namespace }}.serviceaccount.identity.{{ $.root.Release.Namespace }}.{{ include "trustDomain" $.root }}
    {{- end }}
  {{- end }}
  resources: {{ include "resources" .resources }}
  securityContext: {{ include "unprivileged" .values.proxy }}
  {{- if .native }}
  restartPolicy: Always
  {{- end }}
{{- end -}}
