"""Annotations of ingress controllers.

Facts: docs of ingress-nginx, "Annotations"; Traefik docs, "Kubernetes Ingress".
"""

NGINX_SERVICE_UPSTREAM = "nginx.ingress.kubernetes.io/service-upstream"
NGINX_UPSTREAM_VHOST = "nginx.ingress.kubernetes.io/upstream-vhost"
NGINX_SNIPPET = "nginx.ingress.kubernetes.io/configuration-snippet"
NGINX_AUTH_TYPE = "nginx.ingress.kubernetes.io/auth-type"
NGINX_AUTH_SECRET = "nginx.ingress.kubernetes.io/auth-secret"
TRAEFIK_NATIVE = "traefik.ingress.kubernetes.io/service.nativelb"
TRAEFIK_MIDDLEWARES = "traefik.ingress.kubernetes.io/router.middlewares"
