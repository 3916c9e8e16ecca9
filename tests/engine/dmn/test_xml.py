"""XML is read with places, and whatever is no plain, small XML is refused for people."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordain.engine.dmn.reading.xml import Limits, parse
from ordain.engine.errors import PolicyError


def refused(data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(PolicyError) as caught:
        parse(data, "m.dmn", limits or Limits())
    return str(caught.value)


def test_an_element_knows_its_name_its_attributes_and_where_its_text_begins() -> None:
    root = parse(b'<a xmlns="urn:n" xmlns:p="urn:p">\n  <b p:x="1" y=" 2 ">\n   one &lt; two</b></a>', "m.dmn")
    (child,) = root.all("b")
    assert (child.name, child.namespace) == ("b", "urn:n")
    assert dict(child.attributes) == {"{urn:p}x": "1", "y": " 2 "}
    assert child.get("y") == "2"
    assert child.get("z") == ""
    assert child.text == "\n   one < two"
    assert str(child.span) == "m.dmn:2:3"
    assert str(child.text_span) == "m.dmn:2:22"
    assert str(child.text_span.inside(2, 4, "one")) == "m.dmn:3:4"
    assert root.prefixes == {"": "urn:n", "p": "urn:p"}


def test_text_in_a_cdata_section_begins_where_it_stands() -> None:
    root = parse("<a><t>ü</t><t><![CDATA[1 < 2]]></t></a>".encode(), "m.dmn")
    assert [part.text for part in root.all("t")] == ["ü", "1 < 2"]
    assert str(list(root.all("t"))[1].text_span) == "m.dmn:1:24"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_a_document_may_have_the_encoding_that_its_first_line_names(encoding: str) -> None:
    root = parse(f'<?xml version="1.0" encoding="{encoding}"?><a>ü</a>'.encode(encoding), "m.dmn")
    assert root.text == "ü"


def test_children_of_another_namespace_are_not_the_elements_own() -> None:
    root = parse(b'<a xmlns="urn:n"><v:b xmlns:v="urn:vendor"/><b/></a>', "m.dmn")
    assert len(root.children) == 2
    assert len(list(root.all("b"))) == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (b"   \n", "the file is empty"),
        (b"<a", "this is not XML: it ends too early"),
        (b"<a><b>\n", "`<b>` of line 1 is still open"),
        (b"rules", "this is not XML: syntax error"),
        (b"<a>\xff</a>", "encoding"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "its encoding is not known"),
        (b'<?xml version="1.0" encoding="shift_jis"?><a/>', "its encoding is not known"),
        (b"<a>&nbsp;</a>", "undefined entity"),
        (b"<a></b>", "mismatched tag"),
        (b"<p:a/>", "unbound prefix"),
    ],
)
def test_what_is_no_xml_is_said_with_its_place(data: bytes, said: str) -> None:
    found = refused(data)
    assert said in found
    assert found.startswith("m.dmn:")


@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a [<!ENTITY % b SYSTEM "http://localhost/c">%b;]><a/>',
    ],
)
def test_a_document_type_or_entity_is_refused_before_anything_of_it_is_read(data: bytes) -> None:
    assert "a document type or an entity of its own is not allowed" in refused(data)


def test_a_document_that_is_too_large_too_deep_or_too_long_is_refused() -> None:
    assert "larger than 10 bytes" in refused(b"<a>       </a>", Limits(bytes=10))
    assert "more than 3 deep" in refused(b"<a><b><c><d/></c></b></a>", Limits(depth=3))
    assert "more than 3 elements" in refused(b"<a><b/><b/><b/></a>", Limits(elements=3))


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_our_own_error(data: bytes) -> None:
    with contextlib.suppress(PolicyError):
        parse(data, "m.dmn")
