"""Conversations about plain texts, from outside, with the real models."""

from typing import Any

import pytest

GUIDE = """\
INFUSION PUMP - QUICK GUIDE FOR WARD STAFF

1  CHARGING
1.1  Plug it in. A full charge takes 5 hours and lasts about 7 hours at 25 mL/h.
1.2  Battery spares are kept by engineering.

2  LIMITS SET BY US
                         SURG (Pudong)      OBS (Xuhui)
Max rate, adult          600 mL/h           400 mL/h
KVO rate                 3 mL/h             2 mL/h
Air bubble alarm         100 microlitre     50 microlitre

3  VISITS OF THE STUDY
Visit            Week     Blood    Length
Screening        -2       20 mL    90 min
Start             0       10 mL    60 min
Final            52       15 mL    45 min

4  WARRANTY
The warranty on a pump is 24 months from start-up. For spare parts it is 6 months.
"""
RULES = """\
员工休假与采购办法

第一章　休假
第一条　年假：满1年不满10年的5天，满10年不满20年的10天。
第二条　婚假10天，自登记之日起一年内用完，可分两次。
第三条　试用期为三个月，期间不休年假。

第二章　采购审批权限
金额（元）         设备         服务
≤ 3,000            科主任       科主任
3,001–20,000       设备组       财务部
20,001–100,000     分管副总     分管副总
> 100,000          总经理       总经理
"""


@pytest.fixture(scope="module")
def texts(service: Any) -> Any:
    """The service with both texts in a collection of their own."""
    for name, text in (("guide.txt", GUIDE), ("rules.txt", RULES)):
        status, told = service.upload(name, text.encode(), collection="talks")
        assert status == 202, told
    service.wait_until_rested("talks")
    return service


@pytest.mark.parametrize(
    ("turns", "said", "unsaid"),
    [
        (["What is the KVO rate in the OBS library?"], ["OBS (Xuhui): 2 mL/h"], ["600"]),
        (
            ["How long is the screening visit?", "And the final one?"],
            ["Visit: Final", "Length: 45 min"],
            ["90 min"],
        ),
        (["How long is the warranty on a pump?", "And for spare parts?"], ["6 months"], ["24"]),
        (["年假有几天？", "那婚假呢？"], ["婚假10天"], ["不满20年"]),
        (["年假有几天？", "那试用期多长？"], ["试用期为三个月"], ["婚假"]),
        (["年假有几天？", "那婚假呢？", "要多久之内用完？"], ["一年内用完"], ["不满20年"]),
        (["5万元的设备采购谁审批？"], ["设备：分管副总"], ["总经理", "科主任"]),
        (["5万元的设备采购谁审批？", "30万的呢？"], ["设备：总经理"], ["科主任"]),
    ],
)
def test_a_follow_up_is_told_of_what_it_speaks(
    texts: Any, turns: list[str], said: list[str], unsaid: list[str]
) -> None:
    history: list[dict[str, str]] = []
    answer: dict[str, Any] = {}
    for turn in turns:
        body = {"question": turn, "collections": ["talks"], "history": history}
        _, answer = texts.call("POST", "/v1/ask", body)
        history = [
            *history,
            {"role": "user", "content": turn},
            {"role": "assistant", "content": answer["answer"]},
        ]

    assert answer["answered"], answer["answer"]
    assert all(one in answer["answer"] for one in said), answer["answer"]
    assert not any(one in answer["answer"] for one in unsaid), answer["answer"]
    for citation in answer["citations"]:
        _, text = texts.call("GET", f"/v1/documents/{citation['document_id']}/text")
        assert text[citation["start"] : citation["end"]] == citation["quote"]
