"""Names, places, products and sentences of the made-up company, in both languages."""

from __future__ import annotations

from typing import Any

WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "given": [
            "Alma",
            "Ben",
            "Cora",
            "Dan",
            "Ella",
            "Finn",
            "Grace",
            "Hugo",
            "Ida",
            "Jack",
            "Kira",
            "Leo",
            "Mia",
            "Noah",
            "Olga",
            "Paul",
            "Rosa",
            "Sam",
            "Tara",
            "Will",
        ],
        "family": [
            "Adler",
            "Brook",
            "Carter",
            "Dale",
            "Ellis",
            "Frost",
            "Grant",
            "Hale",
            "Irwin",
            "Jones",
            "Keller",
            "Lane",
            "Moore",
            "Nash",
            "Owens",
            "Price",
        ],
        "company": ["North", "Blue", "Prime", "Delta", "Urban", "Green", "Summit", "Harbour", "Silver", "Bright"],
        "company_end": ["Works", "Trading", "Systems", "Services", "Foods", "Logistics", "Studio", "Industries"],
        "owners": ["Anna Berg", "Tom Reed", "Lena Vogt", "Mark Hill", "Eva Long"],
        "tops": ["Home", "Office", "Food", "Garden"],
        "leaves": [
            ["Kitchen", "Lighting", "Textiles"],
            ["Paper", "Furniture", "Printing"],
            ["Coffee", "Tea", "Snacks"],
            ["Tools", "Plants", "Outdoor"],
        ],
        "adjectives": ["Classic", "Nordic", "Compact", "Premium", "Daily", "Natural", "Studio", "Solid"],
        "good": {
            "quality": ["Excellent quality, exactly as described.", "Well made, would buy again."],
            "service": ["Very friendly and quick help.", "The adviser knew what I needed."],
            "logistics": ["Arrived earlier than promised.", "Fast delivery, well packed."],
        },
        "bad": {
            "quality": ["It broke after two days.", "The quality is poor for this price."],
            "service": ["Nobody answered my question.", "The agent was rude on the phone."],
            "logistics": ["The parcel came a week late.", "Delivery was delayed without notice."],
        },
        "middle": ["It is all right.", "Nothing special."],
    },
    "zh": {
        "given": [
            "伟",
            "芳",
            "娜",
            "敏",
            "静",
            "丽",
            "强",
            "磊",
            "军",
            "洋",
            "勇",
            "艳",
            "杰",
            "娟",
            "涛",
            "明",
            "超",
            "霞",
            "平",
            "刚",
        ],
        "family": ["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林"],
        "company": ["华信", "远达", "新锐", "恒通", "蓝海", "德润", "金桥", "天成", "瑞丰", "中益"],
        "company_end": ["科技", "贸易", "制造", "服务", "食品", "物流", "设计", "实业"],
        "owners": ["王静", "李强", "陈磊", "赵敏", "周洋"],
        "tops": ["家居", "办公", "食品", "园艺"],
        "leaves": [
            ["厨房用品", "灯具", "家纺"],
            ["纸品", "办公家具", "打印耗材"],
            ["咖啡", "茶叶", "零食"],
            ["工具", "绿植", "户外"],
        ],
        "adjectives": ["经典", "北欧", "便携", "尊享", "日常", "天然", "设计师", "耐用"],
        "good": {
            "quality": ["质量很好，和描述一致。", "做工扎实，会再买。"],
            "service": ["客服热情又专业。", "顾问很懂我的需求。"],
            "logistics": ["比承诺的时间更早送到。", "物流很快，包装完好。"],
        },
        "bad": {
            "quality": ["用了两天就坏了。", "这个价格质量太差。"],
            "service": ["咨询了没有人回复。", "客服态度不好。"],
            "logistics": ["快递晚了一个星期。", "延迟发货也不通知。"],
        },
        "middle": ["一般般。", "没什么特别的。"],
    },
}

REGIONS = ("Centre", "North", "South", "East", "West")
"""Regions at home; the company sits in the first."""

COUNTRIES = ("HOME", "NEIGHBOUR", "OVERSEAS")
CHANNELS = ("email", "sms", "phone", "social", "face_to_face")
DIGITAL = ("email", "sms", "social")
INDUSTRIES = ("manufacturing", "services", "retail")
SIZES = ("small", "medium", "large")
TOPICS = ("quality", "service", "logistics")
