"""The sample Service: the quote of the moment of the Ambassador documents."""

from __future__ import annotations

from config.ambassador.routes import MappingConfig
from config.language.formats import DnsLabel, Flag, Image, ServiceName, UrlPath
from config.language.model import Model


class SampleConfig(Model):
    """A small Service to try the mesh with: QOTM of the documents, with its missing Service."""

    namespace: DnsLabel = "qotm"
    """Its namespace, which the program creates and meshes."""
    name: ServiceName = "qotm"
    """Name of the Deployment."""
    service: ServiceName = "qotm-linkerd2"
    """Name of the Service, which the documents' Mapping names without creating it."""
    image: Image = "docker.io/datawire/qotm:1.7"
    """Image of the container; it listens on port 5000 and answers ``/health``."""
    mapping: Flag = True
    """Whether the cluster's Ambassador gets a Mapping to it."""
    prefix: UrlPath = "/qotm-linkerd2/"
    """Prefix of that Mapping."""

    def route(self, domain: str) -> MappingConfig:
        """The documents' Mapping to it, in a cluster whose DNS domain is `domain`."""
        return MappingConfig(
            name=SAMPLE_MAPPING,
            prefix=self.prefix,
            service=f"http://{self.service}.{self.namespace}.svc.{domain}:{SAMPLE_PORT}",
        )


SAMPLE_MAPPING = "linkerd2-qotm"
"""Name of the sample's Mapping, as the documents have it."""
SAMPLE_PORT = 80
"""Port of the sample's Service."""
