"""The pass over the bytes against Python's own csv module: whatever a csv writer writes is read back, row for row."""

import csv
import io

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sources.shop_files import read

NASTY = st.text(alphabet=st.sampled_from(list('ab1;"\n ,\t€牛')), max_size=8)


def written(rows, end):
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator=end).writerows(rows)
    return out.getvalue()


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(names=st.lists(NASTY, min_size=1, max_size=12), end=st.sampled_from(["\n", "\r\n"]))
def test_what_a_csv_writer_writes_is_read_back(tmp_path, names, end):
    rows = [["7", str(number), "12", name, "2017-03-01", "1", "2.50"] for number, name in enumerate(names)]
    header = ["member", "order", "store", "product", "time", "quantity", "amount"]
    kept, rejected = read(tmp_path, written([header, *rows], end).encode())
    expected = [(str(number), name) for number, name in enumerate(names) if name.strip()]
    got = [(order, product) for order, product in kept.select("order_id", "product_id").rows()]
    assert got == expected
    assert set(rejected["fault"]) <= {"no product id"}


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(text=st.lists(st.text(alphabet=st.sampled_from(list('ab1;"\n\0 ')), max_size=30), max_size=12))
def test_whatever_is_in_a_file_every_row_has_its_place(tmp_path, text):
    content = "member;order;store;product;time;quantity;amount\n7;1;12;A;2017-03-01;1;2.50\n" + "\n".join(text)
    kept, _ = read(tmp_path, content.encode())
    assert kept["order_id"][0] == "1"
