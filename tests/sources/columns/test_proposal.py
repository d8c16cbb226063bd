import pytest

from toolkit.errors import DataError
from toolkit.sources.columns.proposal import propose_mapping
from toolkit.sources.convert import typed_table
from toolkit.sources.mapping import mapping_from_text

EXPORTS = {
    "german": (
        "Kunden-Nr.;Filiale;Kasse;Bon-Nr.;Artikelnr;Bezeichnung;Warengruppe;Datum;Uhrzeit;Menge;Umsatz brutto;Rabatt\n"
        "0012;007;1;1;A1;Käse;Molkerei;13.03.2017;08:15;1,5;12,50;-0,10\n0013;007;1;2;A2;Öl;Essig, Öl;14.03.2017;08:15;1;1.012,50;0,00\n",
        "cp1252",
        {"member_id": ("Kunden-Nr.",), "product_id": ("Artikelnr",), "ordered_at": ("Datum", "Uhrzeit"), "amount": ("Umsatz brutto",)},
    ),
    "chinese": (
        "会员卡号,小票号,门店,商品编码,商品名称,类别,数量,实收金额,优惠金额,销售时间\n"
        "8600,T1,南京路,S1,牛奶,乳品,1,3.50,0,2017/3/13 8:05\n散客,T2,南京路,S1,牛奶,乳品,1,3.50,0.5,2017/3/14 8:05\n",
        "gb18030",
        {
            "member_id": ("会员卡号",),
            "order_id": ("小票号",),
            "store_id": ("门店",),
            "amount": ("实收金额",),
            "discount_amount": ("优惠金额",),
        },
    ),
    "japanese": (
        "会員番号,伝票番号,店舗コード,商品コード,商品名,部門,数量,売上金額,販売日時\n1,10,001,A,おにぎり,食品,1,300,2017-03-01 10:00\n",
        "cp932",
        {"member_id": ("会員番号",), "order_id": ("伝票番号",), "amount": ("売上金額",), "ordered_at": ("販売日時",)},
    ),
    "french": (
        "Numéro client;Magasin;N° ticket;Code article;Libellé;Famille;Date heure;Quantité;Montant TTC;Remise\n"
        "1;P1;10;A;Lait;Frais;13/03/2017 10:05;1;1,20;0,00\n",
        "utf-8",
        {"member_id": ("Numéro client",), "order_id": ("N° ticket",), "discount_amount": ("Remise",)},
    ),
    "spanish": (
        "Id cliente;Nº ticket;Tienda;Código artículo;Descripción;Familia;Fecha;Hora;Cantidad;Importe\n"
        "1;10;S1;T1;Leche;Fresco;13/03/2017;10:11;1;3,99\n",
        "utf-8",
        {"member_id": ("Id cliente",), "ordered_at": ("Fecha", "Hora"), "amount": ("Importe",)},
    ),
    "italian": (
        "Tessera;Scontrino;Negozio;Cod. articolo;Descrizione;Reparto;Data;Ora;Q.tà;Importo\n"
        "1;10;S1;T1;Latte;Fresco;13/03/2017;10:11;1;3,99\n",
        "utf-8",
        {"member_id": ("Tessera",), "order_id": ("Scontrino",), "quantity": ("Q.tà",)},
    ),
    "portuguese": (
        "Cód. cliente;Cupom fiscal;Loja;Código produto;Descrição;Categoria;Data venda;Qtde;Valor total\n"
        "1;10;S1;T1;Leite;Fresco;13/03/2017;1;3,99\n",
        "utf-8",
        {"store_id": ("Loja",), "amount": ("Valor total",), "ordered_at": ("Data venda",)},
    ),
    "dutch": (
        "Klantnr;Bonnummer;Winkel;Artikelnummer;Omschrijving;Productgroep;Datum;Tijd;Aantal;Bedrag\n"
        "1;10;S1;T1;Melk;Vers;13-03-2017;10:11;1;3,99\n",
        "utf-8",
        {"store_id": ("Winkel",), "amount": ("Bedrag",)},
    ),
    "polish": (
        "Nr karty;Nr paragonu;Sklep;Kod towaru;Nazwa;Kategoria;Data sprzedaży;Ilość;Wartość brutto\n"
        "1;10;S1;T1;Mleko łaciate;Nabiał;2017-03-01;1;3,99\n",
        "cp1250",
        {"order_id": ("Nr paragonu",), "product_id": ("Kod towaru",), "amount": ("Wartość brutto",)},
    ),
    "english, price times quantity": (
        "trans_date,time,cust_id,receipt_no,shop,sku,description,qty,unit_price\n2017-01-02,10:00,1,55,3,A,Milk,2,1.20\n",
        "utf-8",
        {"member_id": ("cust_id",), "amount": ("unit_price", "qty"), "ordered_at": ("trans_date", "time")},
    ),
    "Ta-Feng": (
        '"TRANSACTION_DT","CUSTOMER_ID","AGE_GROUP","PIN_CODE","PRODUCT_SUBCLASS","PRODUCT_ID","AMOUNT","ASSET","SALES_PRICE"\n'
        '"11/1/2000","01104905","45-49","115","110411","4710199010372","2","24","30"\n',
        "utf-8",
        {"quantity": ("AMOUNT",), "amount": ("SALES_PRICE",)},
    ),
    "UCI Online Retail": (
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "536365,85123A,HOLDER,6,12/1/2010 8:26,2.55,17850,United Kingdom\n",
        "utf-8",
        {"amount": ("UnitPrice", "Quantity"), "order_id": ("InvoiceNo",)},
    ),
    "CDNOW": (" 00001 19970101  1   11.77\n 00002 19970112  5   77.00\n", "utf-8", {"ordered_at": ("column_2",), "amount": ("column_4",)}),
    "dunnhumby": (
        "SHOP_WEEK,SHOP_DATE,SHOP_WEEKDAY,SHOP_HOUR,QUANTITY,SPEND,PROD_CODE,PROD_CODE_10,PROD_CODE_20,CUST_CODE,BASKET_ID,STORE_CODE,STORE_FORMAT,STORE_REGION\n"
        "200607,20060413,5,20,1,0.93,PRD0900033,CL00201,DEP00067,,994100100398294,STORE00001,LS,E02\n",
        "utf-8",
        {"ordered_at": ("SHOP_DATE", "SHOP_HOUR"), "member_id": ("CUST_CODE",)},
    ),
    "Square": (
        "Date,Time,Time Zone,Category,Item,Qty,Gross Sales,Discounts,Net Sales,Transaction ID,Location,Customer ID\n"
        "2020-01-02,10:11:12,Eastern,Drinks,Latte,1,$3.50,-$0.50,$3.00,TX1,Main,C1\n",
        "utf-8",
        {"amount": ("Net Sales",), "discount_amount": ("Discounts",)},
    ),
}


@pytest.mark.parametrize("export", EXPORTS)
def test_a_proposed_mapping_can_be_imported_as_it_is(tmp_path, export):
    text, encoding, expected = EXPORTS[export]
    (tmp_path / "export.csv").write_bytes(text.encode(encoding))
    mapping = mapping_from_text(propose_mapping([tmp_path / "export.csv"]), folder=tmp_path)
    columns = mapping.tables["lines"].columns
    for column, raw in expected.items():
        assert columns[column].raw_columns == raw
    for name in mapping.tables:
        table = typed_table(mapping, name, scratch=tmp_path)
        assert table.kept.collect().height > 0
        assert table.rejected.is_empty()


def test_receipt_numbers_that_start_again_are_joined(tmp_path):
    rows = [f"{number % 20};{number % 2};{number % 5};A;{number % 28 + 1:02d}.03.2017;1;1,50" for number in range(200)]
    (tmp_path / "a.csv").write_text("\n".join(["Kunde;Filiale;Bon;Artikel;Datum;Menge;Umsatz", *rows]))
    columns = mapping_from_text(propose_mapping([tmp_path / "a.csv"]), folder=tmp_path).tables["lines"].columns
    assert columns["order_id"].join == ("Filiale", "Datum", "Bon")


def test_what_is_missing_stays_a_todo(tmp_path):
    (tmp_path / "a.csv").write_text("customer_id,order_id,order_date,qty,something\n1,2,2017-01-02,1,x\n")
    text = propose_mapping([tmp_path / "a.csv"])
    assert '# TODO product_id = ""  # what was bought; none of: something' in text
    assert '# TODO amount = ""' in text
    with pytest.raises(Exception, match="does not say where product_id, amount come from"):
        mapping_from_text(text, folder=tmp_path)


def test_doubtful_dates_and_heavy_codes_are_asked_about(tmp_path):
    rows = [f"{'777' if number % 2 else number},{number},S,A,01/02/2017,1,1.50" for number in range(100)]
    (tmp_path / "a.csv").write_text("\n".join(["customer_id,order_id,store_id,sku,date,qty,amount", *rows]))
    text = propose_mapping([tmp_path / "a.csv"])
    assert '# TODO time_format = "%d/%m/%Y"  # or "%m/%d/%Y"' in text
    assert '# TODO not_a_member = ["777"]  # 50% of the sample carry this code' in text


def test_files_of_several_tables(tmp_path):
    (tmp_path / "lines.csv").write_text("customer_id,order_id,store_id,sku,date,qty,amount\n1,2,S,A,2017-01-13,1,1.50\n")
    (tmp_path / "items.csv").write_text("sku,description,category,brand\nA,Milk,Dairy,X\nB,Bread,Bakery,Y\n")
    (tmp_path / "people.csv").write_text("customer_id,join_date,tier,age\n1,2016-01-01,gold,33\n2,2016-02-01,silver,44\n")
    (tmp_path / "other.csv").write_text("alpha,beta\n1,2\n")
    text = propose_mapping(sorted(tmp_path.glob("*.csv")))
    mapping = mapping_from_text(text, folder=tmp_path)
    assert list(mapping.tables) == ["lines", "products", "members"]
    assert list(mapping.tables["members"].attributes) == ["age"]
    assert "# other.csv looks like none of the tables; it is left out. Its columns: alpha, beta" in text


def test_hostile_names_stay_toml(tmp_path):
    (tmp_path / "a.csv").write_text('customer_id,order_id,"store ""x""\\",sku,date,qty,amount,"<script>"\n1,2,S,A,2017-01-13,1,1.50,x\n')
    mapping = mapping_from_text(propose_mapping([tmp_path / "a.csv"]), folder=tmp_path)
    assert typed_table(mapping, "lines", scratch=tmp_path).kept.collect().height == 1


def test_files_that_are_not_there_or_empty(tmp_path):
    with pytest.raises(DataError, match="There is no file"):
        propose_mapping([tmp_path / "none.csv"])
    (tmp_path / "a.csv").write_text("")
    with pytest.raises(DataError, match="None of the 1 files holds a row"):
        propose_mapping([tmp_path / "a.csv"])
