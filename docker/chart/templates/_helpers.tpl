{{- define "footnote.name" -}}
{{- if contains "footnote" .Release.Name -}}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else -}}{{ printf "%s-footnote" .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{/* Labels of everything; called with the chart's root. */}}
{{- define "footnote.labels" -}}
app.kubernetes.io/name: footnote
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* What a pod is found by; called with (list root role). */}}
{{- define "footnote.selector" -}}
app.kubernetes.io/name: footnote
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "footnote.secret" -}}
{{- .Values.secret.existing | default (include "footnote.name" .) -}}
{{- end -}}

{{/* A setting as a string: Helm reads 104857600 as 1.048576e+08. */}}
{{- define "footnote.setting" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) }}{{ int64 . | toString | quote }}{{ else }}{{ toString . | quote }}{{ end -}}
{{- end -}}

{{/* A secret that must be there, or the install ends with what to do. */}}
{{- define "footnote.checkSecrets" -}}
{{- if not .Values.secret.existing -}}
{{- range list "OWNER_KEY" "DATABASE_URL" "REDIS_URL" "SPOOL_URL" "SPOOL_KEY" "SPOOL_SECRET" -}}
{{- $name := printf "FOOTNOTE_%s" . -}}
{{- if not (index $.Values.secret.values $name) -}}
{{- fail (printf "Set secret.values.%s, or secret.existing to the name of a Secret that has it." $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The pod's part that all roles share; called with (list root role values). */}}
{{- define "footnote.pod" -}}
{{- $root := index . 0 -}}{{- $role := index . 1 -}}{{- $values := index . 2 -}}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: 30
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "footnote.selector" (list $root $role) | nindent 8 }}
{{- end -}}

{{/* The container's part that all roles share; called with (list root role values). */}}
{{- define "footnote.container" -}}
{{- $root := index . 0 -}}{{- $role := index . 1 -}}{{- $values := index . 2 -}}
{{- $image := $values.image | default $root.Values.image -}}
name: {{ $role }}
image: {{ printf "%s:%s" $image.repository $image.tag | quote }}
imagePullPolicy: {{ $image.pullPolicy | default $root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
resources:
  requests: {{- toYaml $values.resources.requests | nindent 4 }}
  limits: {{- toYaml $values.resources.limits | nindent 4 }}
    {{- with $values.gpus }}
    nvidia.com/gpu: {{ . }}
    {{- end }}
volumeMounts:
  - {name: data, mountPath: /data}
  - {name: tmp, mountPath: /tmp}
  {{- if $root.Values.models.claim }}
  - {name: models, mountPath: /models, readOnly: true}
  {{- end }}
{{- end -}}

{{/* Volumes that all roles share, without the data. */}}
{{- define "footnote.volumes" -}}
- name: tmp
  emptyDir: {}
{{- with .Values.models.claim }}
- name: models
  persistentVolumeClaim: {claimName: {{ . | quote }}, readOnly: true}
{{- end }}
{{- end -}}

{{/* What a server over HTTP is asked by the kubelet. New calls stop before it is told to end. */}}
{{- define "footnote.serving" -}}
command: [python3, -m, services.api]
ports:
  - {name: http, containerPort: 8400}
startupProbe:
  httpGet: {path: /health/live, port: http}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /health/live, port: http}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /health/ready, port: http}
  periodSeconds: 2
  timeoutSeconds: 3
lifecycle:
  preStop: {exec: {command: [sleep, "5"]}}
{{- end -}}

{{/* The claim of a role's data; called with (list size class). */}}
{{- define "footnote.claim" -}}
- metadata: {name: data}
  spec:
    accessModes: [ReadWriteOnce]
    {{- with index . 1 }}
    storageClassName: {{ . | quote }}
    {{- end }}
    resources:
      requests: {storage: {{ index . 0 | quote }}}
{{- end -}}
