{{/* createdBy: the annotation that every Linkerd chart leaves. */}}
{{- define "createdBy" -}}
linkerd.io/created-by: linkerd/helm {{ .Values.linkerdVersion }}
{{- end -}}

{{/* labels: of an object of one component. Takes "root", and "component" where it has one. */}}
{{- define "labels" -}}
linkerd.io/control-plane-ns: {{ .root.Release.Namespace }}
{{- with .component }}
linkerd.io/control-plane-component: {{ . }}
{{- end }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* metadata: of an object with these labels. Takes "root", "name", "component", and "cluster" where it has no namespace. */}}
{{- define "metadata" -}}
name: {{ .name }}
{{- if not .cluster }}
namespace: {{ .root.Release.Namespace }}
{{- end }}
labels: {{- include "labels" . | nindent 2 }}
{{- if not .cluster }}
annotations: {{- include "createdBy" .root | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "trustDomain" -}}
{{ .Values.identityTrustDomain | default .Values.clusterDomain }}
{{- end -}}

{{- define "controllerImage" -}}
{{ .Values.controllerImage }}:{{ .Values.controllerImageVersion | default .Values.linkerdVersion }}
{{- end -}}

{{- define "proxyImage" -}}
{{ .Values.proxy.image.name }}:{{ .Values.proxy.image.version | default .Values.linkerdVersion }}
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

{{/* unprivileged: what Pod Security "restricted" asks of a container. Takes "uid" and "gid". */}}
{{- define "unprivileged" -}}
{{- $context := dict "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true "runAsNonRoot" true -}}
{{- $_ := dict "drop" (list "ALL") | set $context "capabilities" -}}
{{- $_ := dict "type" "RuntimeDefault" | set $context "seccompProfile" -}}
{{- $_ := set $context "runAsUser" (int .uid) -}}
{{- if ge (int .gid) 0 -}}{{- $_ := set $context "runAsGroup" (int .gid) -}}{{- end -}}
{{- toJson $context -}}
{{- end -}}

{{/* scheduling: what the values say about where pods go, alike for all of them. */}}
{{- define "scheduling" -}}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* serviceAccount: of a component. */}}
{{- define "serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata: {{- include "metadata" (dict "root" .root "component" .component "name" (print "linkerd-" .component)) | nindent 2 }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- end -}}

{{/* service: Takes "root", "component", "name", "port", "portName", "targetPort", and "headless". */}}
{{- define "service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "metadata" . | nindent 2 }}
  {{- with .annotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  {{ ternary "clusterIP: None" "type: ClusterIP" (default false .headless) }}
  selector: {linkerd.io/control-plane-component: {{ .component }}}
  ports: [{name: {{ .portName }}, port: {{ .port }}, targetPort: {{ .targetPort | default .port }}}]
{{- end -}}

{{/* podSelector: of the Deployment of a component. */}}
{{- define "podSelector" -}}
linkerd.io/control-plane-component: {{ .component }}
linkerd.io/control-plane-ns: {{ .root.Release.Namespace }}
linkerd.io/proxy-deployment: linkerd-{{ .component }}
{{- end -}}
