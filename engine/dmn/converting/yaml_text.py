"""Sections as the text of a YAML file."""

from __future__ import annotations

import yaml

from ordain.engine.dmn.converting.yaml_tables import Bare


def yaml_text(data: object) -> str:
    """The text; a Bare stands in it without quotes."""
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return text


class _Dumper(yaml.SafeDumper):
    """Writes numbers as they stand in the model, without quotes."""


def _bare(dumper: _Dumper, text: Bare) -> yaml.ScalarNode:
    kind = "bool" if text in ("true", "false") else "float" if "." in text else "int"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{kind}", str(text))


_Dumper.add_representer(Bare, _bare)
