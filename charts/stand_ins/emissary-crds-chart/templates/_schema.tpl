{{/*
schema: one type of kinds/*.yaml (the notation of ../README.md) as an OpenAPI v3 schema, in JSON.
Takes "is" (the type) and "types" (the named types it may refer to).
*/}}
{{- define "schema" -}}
{{- $is := .is -}}
{{- $types := .types -}}
{{- $schema := dict -}}
{{- if kindIs "slice" $is -}}
  {{- $item := include "schema" (dict "is" (first $is) "types" $types) | fromJson -}}
  {{- $schema = dict "type" "array" "items" $item -}}
{{- else if kindIs "string" $is -}}
  {{- if hasKey $types $is -}}
    {{- $schema = include "schema" (dict "is" (get $types $is) "types" $types) | fromJson -}}
  {{- else if contains " | " $is -}}
    {{- $schema = dict "type" "string" "enum" (splitList " | " $is) -}}
  {{- else if has $is (list "string" "integer" "number" "boolean" "object") -}}
    {{- $schema = dict "type" $is -}}
  {{- else -}}
    {{- fail (printf "no type is named %q" $is) -}}
  {{- end -}}
{{- else if hasKey $is "$raw" -}}
  {{- $schema = get $is "$raw" -}}
{{- else -}}
  {{- $schema = dict "type" "object" -}}
  {{- with get $is "$is" -}}
    {{- $schema = include "schema" (dict "is" . "types" $types) | fromJson -}}
  {{- end -}}
  {{- $fields := get $schema "properties" | default dict -}}
  {{- $required := get $schema "required" | default list -}}
  {{- range $key, $type := omit $is "$is" "$raw" "$items" "$values" "$with" -}}
    {{- $name := trimSuffix "!" $key -}}
    {{- $_ := include "schema" (dict "is" $type "types" $types) | fromJson | set $fields $name -}}
    {{- if ne $name $key -}}{{- $required = append $required $name -}}{{- end -}}
  {{- end -}}
  {{- with $fields -}}{{- $_ := set $schema "properties" . -}}{{- end -}}
  {{- with $required -}}{{- $_ := uniq . | set $schema "required" -}}{{- end -}}
  {{- range $key, $keyword := dict "$items" "items" "$values" "additionalProperties" -}}
    {{- if hasKey $is $key -}}
      {{- $_ := include "schema" (dict "is" (get $is $key) "types" $types) | fromJson | set $schema $keyword -}}
    {{- end -}}
  {{- end -}}
  {{- range $keyword, $value := get $is "$with" | default dict -}}
    {{- $_ := set $schema $keyword $value -}}
  {{- end -}}
{{- end -}}
{{- toJson $schema -}}
{{- end -}}
