"""The two generations of Linkerd by the names that older code has for them."""

from config.variants.linkerd import LinkerdGeneration
from config.variants.linkerds import LINKERDS, generation_of

Generation = LinkerdGeneration
Generation.MODERN = LINKERDS["edge"]
Generation.V2_8 = LINKERDS["2.8"]
Generation.of = staticmethod(generation_of)
