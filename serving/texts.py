"""What the service says to its callers, in English and Chinese."""

from __future__ import annotations

from typing import Final, Literal

Language = Literal["en", "zh"]

ERRORS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "not_found": {
        "en": ("there is nothing at this address", "call one of {paths}"),
        "zh": ("没有这个地址", "请使用以下地址之一：{paths}"),
    },
    "method_not_allowed": {
        "en": ("this address takes {allowed} only", "use {allowed}"),
        "zh": ("这个地址只接受 {allowed}", "请改用 {allowed}"),
    },
    "unsupported_media_type": {
        "en": ("the body is not declared as JSON", "send it with Content-Type: application/json"),
        "zh": ("请求体没有声明为 JSON", "请加上 Content-Type: application/json"),
    },
    "encoded_body": {
        "en": ("the body is compressed or encoded", "send plain JSON without Content-Encoding"),
        "zh": ("请求体经过压缩或编码", "请发送未压缩的 JSON，不带 Content-Encoding"),
    },
    "body_too_large": {
        "en": ("the body is larger than {limit} bytes", "send fewer customers a call or use batch scoring"),
        "zh": ("请求体超过 {limit} 字节", "请减少每次调用的客户数，或改用批量评分"),
    },
    "too_many_values": {
        "en": (
            "the body has more than {limit} values or {brackets} objects and lists",
            "send fewer customers a call or use batch scoring",
        ),
        "zh": (
            "请求体中的值超过 {limit} 个，或对象与列表超过 {brackets} 个",
            "请减少每次调用的客户数，或改用批量评分",
        ),
    },
    "wrong_host": {
        "en": (
            "the request names a host that this service is not known by",
            "call it by the address it listens on, or add the name to serving.allowed_hosts",
        ),
        "zh": (
            "请求中的主机名不是本服务的名称",
            "请用服务监听的地址访问，或把该名称加入 serving.allowed_hosts",
        ),
    },
    "body_timeout": {
        "en": ("the body did not arrive within {seconds} seconds", "send it at once, over a faster connection"),
        "zh": ("请求体未在 {seconds} 秒内到达", "请一次发送完整，或换用更快的网络"),
    },
    "not_utf8": {
        "en": ("the body is not UTF-8 at byte {byte}", "encode it as UTF-8"),
        "zh": ("请求体在第 {byte} 字节处不是 UTF-8", "请用 UTF-8 编码"),
    },
    "byte_order_mark": {
        "en": ("the body begins with a byte order mark", "send UTF-8 without it"),
        "zh": ("请求体以字节顺序标记开头", "请发送不带该标记的 UTF-8"),
    },
    "not_json": {
        "en": ("the body is not JSON at line {line}, column {column}", "check it with a JSON validator"),
        "zh": ("请求体在第 {line} 行第 {column} 列不是合法 JSON", "请用 JSON 校验工具检查"),
    },
    "duplicate_key": {
        "en": ("an object of the body has a key twice", "send each key once"),
        "zh": ("请求体中有对象包含重复的键", "每个键只能出现一次"),
    },
    "not_finite": {
        "en": (
            "the body has NaN, an infinity or a number beyond all range",
            "send finite numbers; leave out what is not known",
        ),
        "zh": ("请求体中含有 NaN、无穷大或超出范围的数字", "请只发送有限数字；未知的值请省略"),
    },
    "too_deep": {
        "en": ("the body is nested deeper than {depth} levels", "follow the schema of the request"),
        "zh": ("请求体嵌套超过 {depth} 层", "请按请求的结构发送"),
    },
    "invalid_request": {
        "en": ("{field} {problem}", "correct it; docs/service.md shows the schema"),
        "zh": ("{field} {problem}", "请更正；结构说明见 docs/service.md"),
    },
    "too_many_customers": {
        "en": ("the call has {count} customers, at most {limit} are taken", "split the call or use batch scoring"),
        "zh": ("本次调用有 {count} 个客户，最多 {limit} 个", "请拆分调用，或改用批量评分"),
    },
    "duplicate_customer": {
        "en": ("{field} repeats the customer of {first}", "send each customer once"),
        "zh": ("{field} 与 {first} 是同一个客户", "每个客户只发送一次"),
    },
    "history_needed": {
        "en": ("{field} is asked by id, and this service holds no tables", "send the customer's orders in the call"),
        "zh": ("{field} 只给了客户编号，而本服务没有数据表", "请在调用中附上该客户的订单"),
    },
    "mixed_currencies": {
        "en": ("{field} is in another currency than the model", "send amounts in {currency}"),
        "zh": ("{field} 的币种与模型不同", "请以 {currency} 发送金额"),
    },
    "as_of_out_of_range": {
        "en": ("as_of lies before the first event of the data", "choose a later moment"),
        "zh": ("as_of 早于数据中的第一个事件", "请选择更晚的时间"),
    },
    "not_ready": {
        "en": ("no model is loaded yet", "try again in a moment"),
        "zh": ("模型尚未加载", "请稍后重试"),
    },
    "data_missing": {
        "en": (
            "the tables that customers are looked up in are gone",
            "run holdfast ingest, or send the orders in the call",
        ),
        "zh": ("用于查询客户的数据表已不存在", "请运行 holdfast ingest，或在调用中附上订单"),
    },
    "data_changed": {
        "en": (
            "the tables that customers are looked up in are damaged",
            "run holdfast ingest again, or send the orders in the call",
        ),
        "zh": ("用于查询客户的数据表已损坏", "请重新运行 holdfast ingest，或在调用中附上订单"),
    },
    "overloaded": {
        "en": ("the service is full", "try again after a short wait"),
        "zh": ("服务繁忙", "请稍后重试"),
    },
    "timed_out": {
        "en": ("the answer took too long", "send fewer customers a call"),
        "zh": ("计算超时", "请减少每次调用的客户数"),
    },
    "internal": {
        "en": ("the service failed", "try again; if it stays, give the request id to the operator"),
        "zh": ("服务内部错误", "请重试；如仍失败，请把请求编号告知运维人员"),
    },
}
"""Message and remedy by error code; placeholders are filled from the error's place."""

PROBLEMS: Final[dict[str, tuple[str, str]]] = {
    "missing": ("is missing", "缺失"),
    "extra_forbidden": ("is not a known field", "不是已知字段"),
    "string_type": ("is not text", "不是文本"),
    "string_too_short": ("is empty", "为空"),
    "string_too_long": ("is longer than {max_length} characters", "超过 {max_length} 个字符"),
    "text_characters": ("holds control characters or half of a character", "含有控制字符或不完整的字符"),
    "literal_error": ("is not one of {expected}", "不是以下之一：{expected}"),
    "list_type": ("is not a list", "不是列表"),
    "dict_type": ("is not an object", "不是对象"),
    "model_type": ("is not an object", "不是对象"),
    "model_attributes_type": ("is not an object", "不是对象"),
    "too_short": ("has fewer than {min_length} entries", "少于 {min_length} 项"),
    "too_long": ("has more than {max_length} entries", "多于 {max_length} 项"),
    "number_type": ("is not a number", "不是数字"),
    "number_range": ("is a number out of range", "数字超出范围"),
    "sum_range": (
        "brings this customer's sum to 1e14 or more, which cannot be kept",
        "使该客户的合计达到或超过 1e14，无法保存",
    ),
    "negative_amount": ("is negative, and the settings know no negative amounts", "为负数，而设置不允许负金额"),
    "score_outside": ("has a score outside score_min and score_max", "的评分不在 score_min 与 score_max 之间"),
    "time_form": (
        "is not a time like 2024-05-31T18:00:00+08:00 or a date like 2024-05-31",
        "不是 2024-05-31T18:00:00+08:00 这样的时间或 2024-05-31 这样的日期",
    ),
    "time_range": (
        "is outside the years 1900 to 2199 or has an impossible zone",
        "不在 1900 至 2199 年之间，或时区不合法",
    ),
    "orders_missing": (
        "has {given} but no orders; send orders too, [] if there are none",
        "有 {given} 但没有 orders；请一并发送 orders，没有订单则发送 []",
    ),
}
"""What is wrong with a field, by the validator's own type; in English and Chinese."""

OTHER_PROBLEM: Final = ("is not valid", "不合法")

DATA_WARNINGS: Final[dict[str, tuple[str, str]]] = {
    "unknown_customer": (
        "The data holds no such customer before {as_of}; nothing is predicted.",
        "{as_of} 之前的数据中没有该客户，无法预测。",
    ),
    "no_orders": (
        "No order before {as_of}: a prospect; nothing is predicted.",
        "{as_of} 之前没有订单，属于潜在客户，无法预测。",
    ),
    "as_of_assumed": (
        "No as_of was given; {as_of}, the end of the data, is assumed.",
        "未指定 as_of，按数据末尾 {as_of} 计算。",
    ),
    "stale_data": (
        "The last event of the data is {days} days old; what happened since is not seen. Ingest newer data.",
        "数据中最近的事件已是 {days} 天前，之后发生的事情不可见；请导入较新的数据。",
    ),
    "before_model": (
        "The model was trained on data up to {trained_until}, later than as_of: it may know what came next.",
        "模型使用了截至 {trained_until} 的数据训练，晚于 as_of，可能已经包含之后的结果。",
    ),
    "future_rows": (
        "{count} rows that happened or were recorded at or after as_of, or lie in the future, are not seen.",
        "有 {count} 行数据的发生或记录时间不早于 as_of，或在未来，未被使用。",
    ),
    "future_as_of": (
        "as_of lies in the future: the time until then counts as silence, although nothing is known of it yet.",
        "as_of 在未来：到那时为止的时间会被当作没有购买，实际上尚无任何信息。",
    ),
    "old_data": (
        "The data have changed and could not be read again; this answer rests on those until {until}.",
        "数据已变化但未能重新读取；本结果基于截至 {until} 的数据。",
    ),
    "missing_fields": (
        "The model uses {fields}, not given here; treated as unknown.",
        "模型使用 {fields}，本次未提供，按未知处理。",
    ),
    "old_model": (
        "The model was trained {days} days before as_of; train it again.",
        "模型训练于 as_of 之前 {days} 天，请重新训练。",
    ),
    "short_history": (
        "Only {days} days of history, less than the horizon of {horizon} days.",
        "历史只有 {days} 天，短于 {horizon} 天的预测期。",
    ),
    "one_order": (
        "Only one order so far: the customer's own rhythm is not known yet.",
        "目前只有一笔订单，尚不了解该客户的购买节奏。",
    ),
}
"""What the data of an answer lacks, by code; in English and Chinese."""
