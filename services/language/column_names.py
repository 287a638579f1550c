"""Words that name columns of tables: what tells a first row of words from a row like the others."""

import re
from collections.abc import Sequence

_ENGLISH = frozenset(
    """
    action approver area cause category code comment condition consequence contact cost
    criterion date deadline default department description details document due duty effect
    email example feature field frequency function interval item key level limit location
    meaning measure method name note notes option owner parameter permission phone plan position
    priority process product purpose reason region remark remarks remedy requirement
    responsibility responsible result role rule scope service severity signal site solution
    stage status step steps supplier symptom system task team term time title tool topic type
    unit use value version week what when where who why
    """.split()  # noqa: SIM905 - a text is easier to read
)
_CHINESE = re.compile(
    r"(?:编号|序号|代码|[码号]|名称|姓名|含义|意义|说明|描述|内容|处理|方法|方式|措施|建议|条件|时限|期限|时间|日期|周期|频[率次]|"
    r"负责人|责任人|执行人|审批人|联系人|人员|部门|岗位|职[责务位]|角色|权限|电话|邮箱|地址|地点|位置|区域|等级|级别|类[型别]|种类|"
    r"状态|结果|原因|现象|备注|事项|项目|情[形况]|标准|要求|依据|材料|单位|数量|[价费]用|金额|价格|比例|限额|版本|功能|参数|默认值|年限|天数|数值|次数|人数|额度|系数|分数|时长|职级|档次|"
    r"步骤|流程|阶段|任务|用途|工具|产品|型号|规格|对象|范围|示例|颜色|信号)$"
)
_ASIDE = re.compile(r"[(（].*?[)）]|[:：]$")
_LONGEST_CHINESE, _MOST_WORDS = 8, 4
# So many cells of a row, and more than half, name columns above so many rows as long.
_FEWEST = 2


def names_columns(row: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Say whether the cells of *row* name the columns of the *others*: a form's rows, whose labels
    stand beside their values, do not.
    """
    return (
        _named(row) >= _FEWEST
        and _named(row) > len(row) / 2
        and sum(len(other) == len(row) for other in others) >= _FEWEST
        and all(_named(other) < _FEWEST for other in others)
    )


def _named(row: Sequence[str]) -> int:
    return sum(_names_column(cell) for cell in row)


def _names_column(cell: str) -> bool:
    plain = _ASIDE.sub("", cell).strip()
    if not plain.isascii():
        return len(plain) <= _LONGEST_CHINESE and _CHINESE.search(plain) is not None
    words = plain.lower().split()
    return 0 < len(words) <= _MOST_WORDS and not _ENGLISH.isdisjoint((words[0], words[-1]))
