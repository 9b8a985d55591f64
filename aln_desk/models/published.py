"""Who published parameters for our networks, where, and under which licence."""

from __future__ import annotations

from dataclasses import dataclass

from aln_desk.models.backbones import present_name
from aln_desk.models.mit import MIT_SIZES
from aln_desk.models.timm_backbone import TIMM_NETWORKS, is_timm


@dataclass(frozen=True, slots=True)
class Published:
    """``where``: the page with the file. ``hub``: its repository at huggingface.co if it holds `HUB_FILE`."""

    by: str
    licence: str
    where: str
    hub: str | None = None


HUB_FILE = "model.safetensors"
_HUB = "https://huggingface.co"
_APACHE = "the Apache-2.0 licence"
_MIT = "the MIT licence"
_SEGFORMER = "the NVIDIA Source Code License for SegFormer, which allows non-commercial research only"


def _on_hub(by: str, licence: str, hub: str) -> Published:
    return Published(by, licence, f"{_HUB}/{hub}", hub)


# The tags after the dot are pinned, so that the licence shown is that of the file which is read.
_PUBLISHED = {
    **{
        name: Published("NVIDIA", _SEGFORMER, f"{_HUB}/{name.replace('segformer', 'nvidia/mit')}") for name in MIT_SIZES
    },
    "swin-t": _on_hub("Microsoft", _MIT, "timm/swin_tiny_patch4_window7_224.ms_in1k"),
    "hrnet-w18": _on_hub("Microsoft", _MIT, "timm/hrnet_w18.ms_aug_in1k"),
    "resnet-50c": _on_hub("GluonCV", _APACHE, "timm/resnet50c.gluon_in1k"),
    "resnet-101": _on_hub("timm", _APACHE, "timm/resnet101.a1h_in1k"),
    "mobilenetv3-large": _on_hub("timm", _APACHE, "timm/mobilenetv3_large_100.ra_in1k"),
    "pvt-v2-b0": _on_hub("the authors of PVT v2", _APACHE, "timm/pvt_v2_b0.in1k"),
    "pvt-v2-b2": _on_hub("the authors of PVT v2", _APACHE, "timm/pvt_v2_b2.in1k"),
}
SEGMENT_ANYTHING = Published("Meta", _APACHE, "https://github.com/facebookresearch/segment-anything")


def published(backbone: str) -> Published | None:
    """What is published for a backbone of `build_backbone`; None where nothing is. Opens no connection.

    Of a network that is known to timm alone, what timm would take: importing timm costs seconds.
    """
    name = present_name(backbone)
    if name in _PUBLISHED or name in TIMM_NETWORKS or not is_timm(name):
        return _PUBLISHED.get(name)
    import timm

    described = timm.get_pretrained_cfg(name)
    if described is None or not str(described.hf_hub_id).startswith("timm/"):
        return None
    repository = f"timm/{described.architecture}.{described.tag}"
    return _on_hub("timm", f"the licence '{described.license or 'that its page states'}'", repository)


def licence(backbone: str) -> str:
    """One sentence to show before published parameters are used."""
    found = published(backbone)
    if found is None:
        return f"No parameters are published for {present_name(backbone)}."
    return sentence(present_name(backbone), found)


def sentence(network: str, found: Published) -> str:
    """Who published what, under which licence, where."""
    return f"Parameters of {network} were published by {found.by} under {found.licence}, at {found.where}."
