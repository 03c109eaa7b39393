import pytest

from astral.assets import HUB, STANDARDS, crosswalk_names, load_crosswalk, load_taxonomy, taxonomy_names
from astral.errors import UnknownNameError
from astral.report.compliance import compliance_of
from astral.report.statistics import Rate


def facts_of(taxonomy: str, standard: str, unsafe: dict[str, int]):
    """The controls of a standard after four decided tests of each risk named, and none of the others."""
    values = load_taxonomy(taxonomy).values
    tests = {value.id: 4 if value.id in unsafe else 0 for value in values}
    rates = {value.id: Rate.of(unsafe.get(value.id, 0), tests[value.id]) for value in values}
    told = {each.id: each for each in compliance_of(taxonomy, values, tests, rates)}
    return {control.id: control for control in told[standard].controls}


def test_a_control_counts_the_tests_of_all_risks_that_tell_of_it_and_names_those_without():
    controls = facts_of(HUB, "eu-ai-act", {"unethical_behaviour": 3})
    manipulation = controls["Art. 5(1)(a)"]
    assert manipulation.risks == ("Non-violent unethical behaviour", "Self-harm")
    assert (manipulation.tests, manipulation.rate.unsafe, manipulation.rate.decided) == (4, 3, 4)
    assert manipulation.open == ("Self-harm",)
    assert controls["Art. 15"].risks == ()


def test_a_pack_tells_of_a_standard_through_the_hub_and_by_its_own_name():
    controls = facts_of("sorry-bench", "nist-ai-600-1", {"personal_data": 1, "intellectual_property": 2})
    assert controls["2.4"].rate.unsafe == 1
    assert controls["2.10"].risks == ("Infringement of intellectual property",)
    assert controls["2.10"].rate.unsafe == 2


def test_a_standard_of_which_a_run_says_nothing_is_left_out():
    values = load_taxonomy("injection-goals").values
    tests, rates = {value.id: 0 for value in values}, {value.id: Rate.of(0, 0) for value in values}
    told = [each.id for each in compliance_of("injection-goals", values, tests, rates)]
    assert told == ["owasp-llm-2025", "mitre-atlas", "nist-ai-600-1", "eu-ai-act"]


@pytest.mark.parametrize("name", crosswalk_names())
def test_every_control_names_values_that_there_are(name: str):
    crosswalk = load_crosswalk(name)
    assert crosswalk.source.url.startswith("https://")
    assert len({control.id for control in crosswalk.controls}) == len(crosswalk.controls)
    for control in crosswalk.controls:
        assert control.covers.keys() <= set(taxonomy_names())
        for taxonomy, values in control.covers.items():
            assert set(values) <= {value.id for value in load_taxonomy(taxonomy).values}, control.id


def test_an_unknown_crosswalk_is_told_with_the_nearest():
    assert set(STANDARDS) <= set(crosswalk_names())
    with pytest.raises(UnknownNameError, match="Did you mean 'eu-ai-act'"):
        load_crosswalk("eu-act")
