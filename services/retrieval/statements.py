"""Questions for a figure of the accounts, led to the statements that hold it.

A report's own statements name few of the words that analysts ask with: a margin, a ratio and days
payable are computed from lines of the statement of income, the balance sheet or the statement of
cash flows.
"""

import re

_PERIOD = re.compile(
    r"\b(?:fy ?)?(?:19|20)\d\d\b|\bq[1-4]\b|\bfiscal\b|\bquarter|财年|年度|季度|\d{4} ?年",
    re.IGNORECASE,
)
_STATEMENTS = (
    (
        re.compile(
            r"margin|\brevenues?\b|net sales|net income|net earnings|operating income|gross profit|"
            r"tax rate|earnings per share|\beps\b|cost of (?:goods|sales|revenue)|\bcogs\b|\bsg&a\b|"
            r"\bebitd?a?\b|interest expense|income statement|statements? of income|p&l",
            re.IGNORECASE,
        ),
        "consolidated statements of income operations earnings",
    ),
    (
        re.compile(
            r"accounts payable|\bdpo\b|\bdso\b|\bdio\b|days (?:payable|sales|inventory)|receivables?\b|"
            r"inventor(?:y|ies)|total assets|liabilit|shareholders.? equity|working capital|"
            r"quick ratio|current ratio|balance sheet|financial position|\bpp&?n?e\b|"
            r"asset turnover|return on assets|cash equivalents",
            re.IGNORECASE,
        ),
        "consolidated balance sheets",
    ),
    (
        re.compile(
            r"cash ?flow|capital expenditures?|\bcapex\b|dividends? paid|financing activities|"
            r"investing activities|depreciation and amortization",
            re.IGNORECASE,
        ),
        "consolidated statements of cash flows",
    ),
    (re.compile(r"毛利|净利润|营业收入|营业利润|每股收益|所得税率|利润率"), "合并利润表"),
    (re.compile(r"总资产|负债|应收|应付|存货|股东权益|流动比率|速动比率"), "合并资产负债表"),
    (re.compile(r"现金流|资本支出|分红"), "合并现金流量表"),
)
_KEPT = re.compile(
    r"\b[A-Z][\w'’&]+|\b(?:FY ?)?(?:19|20)\d\d\b|\d{4} ?年|[\u4e00-\u9fff]{2,}(?:公司|集团|银行|股份)"
)


def statement_of(question: str) -> str:
    """Return what to look for besides *question*: the statements that hold its figures, with the
    names and years that it says. Empty unless it asks for a figure of a period.
    """
    if not _PERIOD.search(question):
        return ""
    named = [statement for asked, statement in _STATEMENTS if asked.search(question)]
    return " ".join([*named, *_KEPT.findall(question)]) if named else ""
