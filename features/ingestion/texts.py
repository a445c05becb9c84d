"""Words of the ingestion in both languages: reasons of refusal, notes, labels of the data report."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Text:
    """One text in both languages."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        """The text in one language."""
        return self.zh if language == "zh" else self.en

    def halves(self, language: str) -> tuple[str, str]:
        """What is wrong and what to do about it: the parts before and after the first semicolon."""
        first, _, second = re.sub(r";\s*|；", "\0", self.of(language), count=1).partition("\0")
        return first, second


REASONS: dict[str, Text] = {
    "null_customer": Text(
        "no customer id; the row belongs to nobody, fill the id or leave such rows out with drop_where",
        "缺少客户编号，无法归到任何客户；请补全编号，或用 drop_where 排除此类行",
    ),
    "missing_value": Text("a required value is missing; fill it in", "必填值缺失；请补全"),
    "missing_amount": Text(
        "no amount; fill it in, or, where the total stands on the first line of an order only, take quantity × unit "
        "price: map quantity and unit_price and leave amount out (cells that describe the whole order go under "
        "fill_down)",
        "缺少金额；请补全；如果订单总额只写在每个订单的首行，请改用数量×单价：映射 quantity 和 unit_price，"
        "不映射 amount（描述整个订单的列请写入 fill_down）",
    ),
    "not_a_time": Text(
        "not a time that can be read without guessing; set date_format to how times are written, for example %d/%m/%Y "
        "%H:%M, epoch_s, or excel for the day numbers of spreadsheets",
        "无法明确识别的时间；请用 date_format 写明时间格式，例如 %d/%m/%Y %H:%M、epoch_s，电子表格的日期序号用 excel",
    ),
    "not_a_date": Text(
        "not a date that can be read without guessing; set date_format to how dates are written, for example %d/%m/%Y, "
        "or excel for the day numbers of spreadsheets",
        "无法明确识别的日期；请用 date_format 写明日期格式，例如 %d/%m/%Y，电子表格的日期序号用 excel",
    ),
    "ambiguous_date": Text(
        "day and month can be exchanged, and the other dates of the column do not decide; set date_format to "
        '"%d/%m/%Y" if the day comes first, to "%m/%d/%Y" if the month does, with the separators and the clock of the '
        "file (%y for a year of two digits)",
        '日与月可以互换，而该列的其他日期无法判定；日在前请将 date_format 设为 "%d/%m/%Y"，月在前设为 "%m/%d/%Y"，'
        "分隔符与时刻按文件写法（两位年份用 %y）",
    ),
    "not_in_date_format": Text(
        "in none of the forms of date_format; correct it, or add how it is written to the list in date_format",
        "不符合 date_format 中的任何一种格式；请更正，或把它的写法加入 date_format 列表",
    ),
    "ambiguous_format": Text(
        "fits several forms of date_format, which make different times of it; keep the one that is meant",
        "符合 date_format 中的多种格式，且结果不同；请只保留正确的一种",
    ),
    "not_a_number": Text(
        "not a number; write digits alone or with one currency sign, without units, percent signs and words, and with "
        "the decimal mark that decimal names",
        "不是数字；请只写数字（可带一个货币符号），不要带单位、百分号或文字，小数点须与 decimal 的设置一致",
    ),
    "ambiguous_number": Text(
        "the mark before the last three digits can part thousands or decimals, and the other numbers of the table do "
        "not decide; set decimal to '.' or ','",
        "末三位数字前的符号既可能是千位分隔符也可能是小数点，而表中其他数字无法判定；请将 decimal 设为 '.' 或 ','",
    ),
    "other_currency": Text(
        "a currency sign that is not of the row's currency; correct the sign, the currency column or data.currency",
        "货币符号与该行的币种不符；请更正符号、币种列或 data.currency",
    ),
    "not_finite": Text("not a finite number (NaN or infinite); correct it", "不是有限数值（NaN 或无穷）；请更正"),
    "out_of_range": Text(
        "outside the range that can be kept (years 1900 to 2199, amounts below 100 trillion, quantities and scores up "
        "to a trillion); correct it",
        "超出可保存的范围（年份 1900 至 2199，金额小于一百万亿，数量与评分不超过一万亿）；请更正",
    ),
    "order_sum": Text(
        "the amounts of this order add up to 100 trillion or more; correct them or check the decimal sign",
        "该订单的金额合计达到或超过一百万亿；请更正，或检查小数点",
    ),
    "customer_sum": Text(
        "the amounts of this customer add up to 100 trillion or more; correct them, check the decimal sign and whether "
        "the id stands for one customer",
        "该客户的金额合计达到或超过一百万亿；请更正，检查小数点，并确认该编号只代表一个客户",
    ),
    "not_a_choice": Text(
        "not one of the values of this field; translate it under values", "不在该字段的可选值之内；请在 values 中映射"
    ),
    "inexact_id": Text(
        "an id kept as a floating-point number too large to be exact; export ids as text",
        "编号以浮点数保存且过大，已不精确；请以文本导出编号",
    ),
    "scientific_id": Text(
        "an id that a spreadsheet has cut to scientific notation, so that several ids became one; export ids as text",
        "编号被电子表格改成了科学记数法，尾数已丢失，多个编号会混为一个；请以文本导出编号",
    ),
    "negative_amount": Text(
        "a negative amount, which the return rule of the settings does not allow; correct it or data.returns",
        "金额为负，而设置中的退货规则不允许；请更正数据或 data.returns",
    ),
    "missing_currency": Text("no currency; fill it in or set data.currency", "缺少币种；请补全或设置 data.currency"),
    "no_rate": Text(
        "no exchange rate for this currency on or before this day; add it to data.rates",
        "该币种在当日及之前没有汇率；请在 data.rates 中补充",
    ),
    "score_outside": Text(
        "a score outside its own scale; correct it or score_min and score_max",
        "评分超出其量表范围；请更正评分或 score_min、score_max",
    ),
    "in_the_future": Text(
        "a date in the future; check the clock, the time zone and the date format",
        "日期在未来；请检查时钟、时区和日期格式",
    ),
    "too_few_cells": Text(
        "fewer cells than the header; check for a missing delimiter", "单元格少于表头；请检查是否缺少分隔符"
    ),
    "too_many_cells": Text(
        "more cells than the header; quote cells that contain the delimiter",
        "单元格多于表头；含分隔符的单元格请加引号",
    ),
    "stray_quote": Text(
        "a quotation mark inside a cell that is not quoted; double it and quote the cell, or set quote: ''",
        "未加引号的单元格内有引号；请加引号并双写，或设置 quote: ''",
    ),
    "stray_return": Text(
        "a carriage return inside a cell that is not quoted; remove it or quote the cell",
        "未加引号的单元格内有回车符；请删除或加引号",
    ),
    "line_too_long": Text("a line of more than 1 MB; check quotes and line ends", "一行超过 1 MB；请检查引号与换行"),
    "not_an_object": Text(
        "not a JSON object that can be read; write one object per line, without a key twice",
        "不是可读取的 JSON 对象；请每行写一个对象，且同一对象内的键不重复",
    ),
    "total_row": Text(
        "a row that sums up others; delete it at the source, it is left out meanwhile",
        "这是合计行；请在源文件中删除，目前已排除",
    ),
    "repeated_row": Text("the same row under the same key again; it counts once", "同一主键的相同行重复出现，只计一次"),
    "conflicting_row": Text(
        "another row has this key with other values; keep one of them", "同一主键存在内容不同的行；请只保留一行"
    ),
    "nobody": Text(
        "the customer id is one that data.nobody says stands for no customer; remove it there to keep the row",
        "data.nobody 说明此客户编号不代表任何客户；如需保留，请从中删除",
    ),
    "alias_row": Text(
        "another id of a customer whose own row is kept; the customer counts once",
        "同一客户的另一个编号，已保留该客户自己的行，只计一次",
    ),
    "before_first_day": Text(
        "before data.first_day; set an earlier one to keep the row", "早于 data.first_day；如需保留，请改为更早的日期"
    ),
    "after_last_day": Text(
        "after data.last_day; set a later one to keep the row", "晚于 data.last_day；如需保留，请改为更晚的日期"
    ),
    "isolated_date": Text(
        "a date far from all others, which would move the start or the end of the log; correct it, or set "
        "data.first_day or data.last_day so that it lies inside",
        "日期远离其他所有日期，会改变数据的起止时间；请更正，或设置 data.first_day、data.last_day 将其包含在内",
    ),
    "repeated_line": Text(
        "repeats another line of the same order exactly, left out by data.repeated_lines; set it to keep to keep such "
        "lines",
        "与同一订单的另一行完全相同，按 data.repeated_lines 排除；如需保留，请设为 keep",
    ),
}
"""Reason code → why a row is refused, with the remedy."""

BY_SETTING = frozenset({"nobody", "before_first_day", "after_last_day", "repeated_line"})
"""Reasons that a setting gives: such rows are wanted out."""
APART = frozenset({"null_customer", "repeated_row", "total_row", "alias_row"}) | BY_SETTING
"""Reasons that do not count towards `max_refused_share`: they have their own limit or need none."""

NOTES: dict[str, Text] = {
    "more_decimals": Text(
        "money values with more than four decimals, rounded to four: {count}",
        "{count} 个金额超过四位小数，已四舍五入到四位",
    ),
    "empty_rows": Text("empty rows left out: {count}", "{count} 个空行已排除"),
    "filled_down": Text("cells filled from the first line of their order: {count}", "{count} 个单元格按订单首行补全"),
    "no_line_end": Text(
        "files whose last line has no line end, to be checked whether they are whole: {count}",
        "{count} 个文件的最后一行没有换行符，请核对文件是否完整",
    ),
    "other_delimiter": Text(
        "files whose cells are set apart otherwise than by the usual comma, read so: {count}",
        "{count} 个文件不以逗号分隔，已按实际分隔符读取",
    ),
    "marked_encoding": Text(
        "files whose encoding was taken from their byte order mark: {count}", "{count} 个文件按其字节顺序标记识别编码"
    ),
    "loose_header": Text(
        "columns whose header differs from the settings in case, blanks or width of letters only: {count}",
        "{count} 列的表头与设置仅有大小写、空格或全半角之差，已对应",
    ),
    "beside": Text(
        "files in subfolders that were not read (a path with ** would read them): {count}",
        "子文件夹中有 {count} 个文件未读取（路径中写 ** 可一并读取）",
    ),
    "skipped_time": Text(
        "times in an hour that the clock skipped, read with the offset before the change: {count}",
        "{count} 个时间落在夏令时跳过的一小时内，按调整前的时差处理",
    ),
    "repeated_time": Text(
        "times in an hour that the clock repeated, of which the first was taken: {count}",
        "{count} 个时间落在夏令时重复的一小时内，取前一次",
    ),
    "finer_time": Text(
        "times finer than a microsecond, the rest of which was cut: {count}",
        "{count} 个时间精度超过微秒，多余部分已舍去",
    ),
    "made_negative": Text(
        "return lines with a positive amount, made negative by the return rule: {count}",
        "{count} 行退货的金额为正，已按退货规则改为负",
    ),
    "recorded_filled": Text(
        "rows without a time of recording, for which the time of the event was taken: {count}",
        "{count} 行没有记录时间，以发生时间代替",
    ),
    "spaces_in_id": Text(
        "ids with blanks around them, which were taken off: {count}", "{count} 个编号首尾带空白，已去除"
    ),
    "wrapped_id": Text(
        'ids in the wrapping of spreadsheets (="00123", \'00123), which was taken off: {count}',
        '{count} 个编号带有电子表格的包装（="00123"、\'00123），已去除',
    ),
    "float_id": Text(
        "ids written as floating-point numbers (13085.0), read as whole numbers: {count}",
        "{count} 个编号写成了浮点数（13085.0），已按整数读取",
    ),
    "ids_in_case": Text(
        "ids that differ from another one in capital letters only, kept apart: {count}",
        "{count} 个编号与另一编号仅大小写不同，按不同编号处理",
    ),
    "ids_in_width": Text(
        "ids that differ from another one in full-width characters only, kept apart: {count}",
        "{count} 个编号与另一编号仅全角半角不同，按不同编号处理",
    ),
    "ids_in_zeros": Text(
        "ids that differ from another one in leading zeros only, kept apart: {count}",
        "{count} 个编号与另一编号仅前导零不同，按不同编号处理",
    ),
    "day_first": Text(
        "dates read with the day before the month, as the other dates of the column show: {count}",
        "{count} 个日期按“日在前、月在后”读取，依据是该列的其他日期",
    ),
    "month_first": Text(
        "dates read with the month before the day, as the other dates of the column show: {count}",
        "{count} 个日期按“月在前、日在后”读取，依据是该列的其他日期",
    ),
    "year_first": Text(
        "dates of three pairs of digits read with the year first, as the other dates of the column show: {count}",
        "{count} 个由三组两位数字构成的日期按“年在前”读取，依据是该列的其他日期",
    ),
    "epoch_time": Text(
        "times counted from 1970, whose unit follows from their size: {count}",
        "{count} 个时间为自 1970 年起的计数，单位由数值大小判定",
    ),
    "mixed_decimals": Text(
        "numbers whose decimal mark is another one than in most of their column, each read as it can only be: {count}",
        "{count} 个数字的小数点写法与该列多数数字不同，已按其唯一可能的含义读取",
    ),
    "mixed_dates": Text(
        "dates whose order of day and month is another one than in most of their column, each read as it can only be: "
        "{count}",
        "{count} 个日期的日月顺序与该列多数日期不同，已按其唯一可能的含义读取",
    ),
    "decimal_point": Text(
        "numbers such as 1,234 or 1.234 read with a decimal point, as other numbers of the table show: {count}",
        "{count} 个形如 1,234 或 1.234 的数字按小数点为“.”读取，依据是表中的其他数字",
    ),
    "decimal_comma": Text(
        "numbers such as 1,234 or 1.234 read with a decimal comma, as other numbers of the table show: {count}",
        "{count} 个形如 1,234 或 1.234 的数字按小数点为“,”读取，依据是表中的其他数字",
    ),
    "placeholder_id": Text(
        "rows whose customer id reads like nobody (nan, null, none), to be named in null_values if so: {count}",
        "{count} 行的客户编号像占位符（nan、null、none、unknown）；若表示无客户，请写入 null_values",
    ),
    "empty_column": Text("columns that hold nothing at all and were left out: {count}", "{count} 列完全为空，已忽略"),
    "made_order": Text(
        "The log has no order ids: the lines of one customer at one time make one order.",
        "数据没有订单号：同一客户同一时刻的行视为一个订单。",
    ),
    "date_emptied": Text(
        "dates far from all that is possible (1900-01-01 and the like), read as missing: {count}",
        "{count} 个日期不可能成立（如 1900-01-01），按缺失处理",
    ),
    "derived_amount": Text(
        "The log has no amounts: quantity × unit price (minus the discount, if given) was taken.",
        "数据没有金额列：以数量×单价（减去折扣，如有）计算。",
    ),
}
"""Note code → what was done, with how often."""

SAID = (
    "empty_rows", "no_line_end", "other_delimiter", "marked_encoding", "loose_header", "beside", "filled_down",
    "day_first", "month_first", "year_first", "epoch_time", "mixed_decimals", "mixed_dates", "decimal_point",
    "decimal_comma", "date_emptied", "ids_in_case", "ids_in_width", "ids_in_zeros",
)  # fmt: skip
"""Notes that are said on the console too, because they tell how the files were understood and what may be wrong."""

LABELS: dict[str, Text] = {
    "title": Text("Data report", "数据报告"),
    "enough": Text("What the data is enough for", "数据能做什么"),
    "tables": Text("What came in", "数据接收情况"),
    "table": Text("table", "表"),
    "rows_in": Text("rows in", "读入行数"),
    "left_out": Text("left out by setting", "按设置排除"),
    "kept": Text("kept", "保留"),
    "refused": Text("refused", "拒绝"),
    "duplicates": Text("exact duplicates (kept)", "完全重复行（保留）"),
    "why": Text("What was refused and why", "拒绝了什么，为什么"),
    "reason": Text("reason and remedy", "原因与处理办法"),
    "field": Text("field", "字段"),
    "count": Text("rows", "行数"),
    "example": Text("first: file, line or row, value", "首例：文件、行号、值"),
    "nothing_refused": Text("Nothing was refused.", "没有被拒绝的行。"),
    "notes": Text("Worth knowing", "需要知道的"),
    "nulls": Text("Share of missing values", "缺失值比例"),
    "column": Text("column", "列"),
    "share": Text("missing", "缺失"),
    "months": Text("Orders per month", "每月订单数"),
    "month": Text("month", "月份"),
    "orders": Text("orders", "订单"),
    "customers": Text("customers", "客户"),
    "lines": Text("lines", "行"),
    "amount": Text("net amount", "净金额"),
    "inputs": Text("Inputs", "输入文件"),
    "file": Text("file", "文件"),
    "bytes": Text("bytes", "字节"),
    "quarantine": Text(
        "Refused rows are in quarantine/ beside this report, each with its reason and all its cells.",
        "被拒绝的行保存在本报告旁的 quarantine/ 中，附有原因和全部单元格。",
    ),
    "zone": Text("times without a zone were read in", "无时区的时间按此时区读取"),
}
"""Labels of the report."""


@cache
def spoken() -> dict[str, str]:
    """English → Chinese of every reason, whole and in halves, for sentences that are put together of them."""
    said = {}
    for reason in REASONS.values():
        said[reason.en] = reason.zh
        said.update((en, zh) for en, zh in zip(reason.halves("en"), reason.halves("zh"), strict=True) if en and zh)
    return said
