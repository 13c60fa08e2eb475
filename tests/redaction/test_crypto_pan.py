"""The flipped bits are those of another implementation of Crypto-PAn."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yacryptopan import CryptoPAn as Other

from logdiag.redaction.prefixes import CryptoPAn


@settings(max_examples=15)
@given(key=st.binary(min_size=32, max_size=32), data=st.data())
@pytest.mark.parametrize(("width", "version"), [(32, 4), (128, 6)])
def test_addresses_are_changed_as_others_change_them(
    key: bytes, data: st.DataObject, width: int, version: int
) -> None:
    number = data.draw(st.integers(0, (1 << width) - 1))
    assert number ^ CryptoPAn(key).changed(number, width) == Other(key).anonymize_bin(number, version)
