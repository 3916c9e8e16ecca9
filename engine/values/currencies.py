"""How many digits after the point an amount of a currency is written with (ISO 4217, minor units)."""

from __future__ import annotations

_USUAL = 2
_OTHERS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DIGITS = {code: digits for digits, codes in _OTHERS.items() for code in codes.split()}


def digits_of(currency: str) -> int:
    """2 for most, as for INR and EUR; 0 for JPY, 3 for KWD."""
    return _DIGITS.get(currency, _USUAL)
