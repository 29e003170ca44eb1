{{/* space: the namespace of everything. */}}
{{- define "space" -}}
{{- .Values.namespace | default .Release.Namespace -}}
{{- end -}}

{{/* labels: of a component. Takes "root", "app", "component". */}}
{{- define "labels" -}}
app: {{ .app }}
app.kubernetes.io/name: {{ .app }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/*
component: the ServiceAccount, Service and Deployment of one of the three programs.
Takes "root", "name", "app" and "component" (labels of its pods), "container", "values" (its own part of them), "args",
"ports" (of its container), "servicePorts".
*/}}
{{- define "component" -}}
{{- $values := .root.Values }}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name }}
  namespace: {{ include "space" .root }}
  labels: {{- include "labels" . | nindent 4 }}
{{- with $values.global.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}
  namespace: {{ include "space" .root }}
  labels: {{- include "labels" . | nindent 4 }}
spec:
  type: ClusterIP
  selector: {{- include "labels" . | nindent 4 }}
  ports: {{ toJson .servicePorts }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  namespace: {{ include "space" .root }}
  labels: {{- include "labels" . | nindent 4 }}
spec:
  replicas: {{ .values.replicaCount }}
  selector:
    matchLabels: {{- include "labels" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "labels" . | nindent 8 }}
      {{- with .values.podAnnotations }}
      annotations: {{ toJson . }}
      {{- end }}
    spec:
      serviceAccountName: {{ .name }}
      enableServiceLinks: false
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      nodeSelector: {kubernetes.io/os: linux}
      containers:
        - name: {{ .container }}
          image: {{ printf "%s/%s/%s:%s" $values.imageRegistry $values.imageNamespace .values.image.name (.values.image.tag | default .root.Chart.AppVersion) }}
          imagePullPolicy: {{ .values.image.pullPolicy }}
          args: {{ toJson .args }}
          ports: {{ toJson .ports }}
          env:
            - {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
          resources: {{ toJson .values.resources }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
{{- end -}}

{{/* role: a ClusterRole and its binding. Takes "root", "role", "account", "app", "component", "rules" (YAML). */}}
{{- define "role" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ .role }}
  labels: {{- include "labels" . | nindent 4 }}
rules: {{- .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ .role }}
  labels: {{- include "labels" . | nindent 4 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {{ .role | quote }}}
subjects: [{kind: ServiceAccount, name: {{ .account }}, namespace: {{ include "space" .root }}}]
{{- end -}}

{{/* sharedRole: a ClusterRole for users, without a binding. Takes "root", "part", "app", "component", "verbs", "resources". */}}
{{- define "sharedRole" -}}
{{- $readers := dict "cluster-view" (list "cluster-reader") "view" (list "view" "edit" "admin" "cluster-reader") "edit" (list "edit" "admin") }}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: cert-manager-{{ .part }}
  labels:
    {{- include "labels" . | nindent 4 }}
    {{- range get $readers .part }}
    rbac.authorization.k8s.io/aggregate-to-{{ . }}: "true"
    {{- end }}
rules:
  - {apiGroups: [cert-manager.io], resources: {{ .resources }}, verbs: {{ .verbs }}}
{{- end -}}
