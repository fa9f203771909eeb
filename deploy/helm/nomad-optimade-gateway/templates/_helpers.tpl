{{- define "gateway.name" -}}
{{- .Values.fullnameOverride | default (eq .Release.Name .Chart.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name)) | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "gateway.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: gateway
{{- end -}}

{{- define "gateway.valkeySelector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: valkey
{{- end -}}

{{- define "gateway.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "gateway.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* gateway.yaml as JSON, which is YAML: as YAML large whole numbers would become 1e+07. */}}
{{- define "gateway.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- $added := dict "server" (dict "drain_s" .Values.drainSeconds) "logging" (dict "json" true) -}}
{{- if .Values.valkey.enabled -}}
{{- $_ := set $added "cache" (dict "backend" "redis" "url" (printf "redis://%s-valkey:6379/0" (include "gateway.name" .))) -}}
{{- else if .Values.externalCache.secret -}}
{{- $_ := set $added "cache" (dict "backend" "redis") -}}
{{- end -}}
{{- merge $config $added | toPrettyJson -}}
{{- end -}}

{{/* What clients may ask for: everything but /health, /live, /ready and /metrics. Lines of type and path. */}}
{{- define "gateway.publicPaths" -}}
Exact /
{{- range list "v1" "v1.3" "v1.3.0" "structures" "references" "info" "links" "versions" "sites" "index" "api" "partial" "entry" "docs" "redoc" "openapi.json" "assets" "robots.txt" }}
Prefix /{{ . }}
{{- end }}
{{- end -}}

{{- define "gateway.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "gateway.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
seccompProfile: {type: RuntimeDefault}
{{- end -}}
