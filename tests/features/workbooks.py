"""Small workbooks made by hand, so that tests decide what every cell is."""

import zipfile
from datetime import date, datetime, timedelta
from xml.sax.saxutils import escape

ROOMS = "http://schemas.openxmlformats.org"
EPOCH = datetime(1899, 12, 30)


def letters(column):
    """Name of a column: 0 is A, 26 is AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def cell(row, column, value):
    place = f'r="{letters(column)}{row}"'
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c {place} t="b"><v>{int(value)}</v></c>'
    if isinstance(value, datetime | date):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
        return f'<c {place} s="1"><v>{(moment - EPOCH) / timedelta(days=1)!r}</v></c>'
    if isinstance(value, int | float):
        return f"<c {place}><v>{value!r}</v></c>"
    return f'<c {place} t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def sheet(rows, first=1):
    lines = "".join(
        f'<row r="{number}">{"".join(cell(number, column, value) for column, value in enumerate(row))}</row>'
        for number, row in enumerate(rows, start=first)
    )
    return f'<worksheet xmlns="{ROOMS}/spreadsheetml/2006/main"><sheetData>{lines}</sheetData></worksheet>'


def write_xlsx(path, sheets, hidden=(), first=1):
    """A workbook: name of sheet → rows of typed values; `first` is the number of the first row."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    relation = f"{ROOMS}/officeDocument/2006/relationships"
    numbers = range(1, len(sheets) + 1)
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{ROOMS}/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{ROOMS}/spreadsheetml/2006/main" xmlns:r="{relation}"><sheets>'
        + "".join(
            f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"'
            f"{' state=' + chr(34) + 'hidden' + chr(34) if name in hidden else ''}/>"
            for number, name in zip(numbers, sheets, strict=True)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{ROOMS}/package/2006/relationships">'
        + "".join(
            f'<Relationship Id="rId{number}" Type="{relation}/worksheet" Target="worksheets/sheet{number}.xml"/>'
            for number in numbers
        )
        + f'<Relationship Id="rId99" Type="{relation}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{ROOMS}/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/>'
        '<xf numFmtId="22"/></cellXfs></styleSheet>',
    }
    for number, rows in zip(numbers, sheets.values(), strict=True):
        parts[f"xl/worksheets/sheet{number}.xml"] = sheet(rows, first)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)


def write_ods(path, rows):
    """An OpenDocument spreadsheet with one sheet of texts and numbers."""
    spaces = "urn:oasis:names:tc:opendocument:xmlns"
    lines = ""
    for row in rows:
        lines += "<table:table-row>"
        for value in row:
            kind = f'office:value-type="float" office:value="{value}"' if not isinstance(value, str) else ""
            lines += f"<table:table-cell {kind or 'office:value-type=' + chr(34) + 'string' + chr(34)}>"
            lines += f"<text:p>{escape(str(value))}</text:p></table:table-cell>"
        lines += "</table:table-row>"
    content = (
        f'<office:document-content xmlns:office="{spaces}:office:1.0" xmlns:table="{spaces}:table:1.0" '
        f'xmlns:text="{spaces}:text:1.0"><office:body><office:spreadsheet><table:table table:name="Orders">{lines}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", f'<manifest:manifest xmlns:manifest="{spaces}:manifest:1.0"/>')
