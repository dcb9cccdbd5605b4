"""Reads a report's SR, SEG and FHIR files with pydicom, highdicom and fhir.resources; prints what they hold as JSON.

Exit code 77: a package is missing.
"""
import json
import pathlib
import sys

try:
    import highdicom
    import pydicom
    from fhir.resources.R4B.bundle import Bundle
except ImportError as missing:
    print(missing)
    sys.exit(77)


def numbers(items):
    found = {}
    for item in items:
        if item.ValueType == "NUM":
            value = item.MeasuredValueSequence[0]
            unit = value.MeasurementUnitsCodeSequence[0].CodeValue
            found[item.ConceptNameCodeSequence[0].CodeMeaning] = [float(value.NumericValue), unit]
        found.update(numbers(item.get("ContentSequence", [])))
    return found


folder = pathlib.Path(sys.argv[1])
told = {}
for path in sorted(folder.glob("*.sr.dcm")):
    data = pydicom.dcmread(path)
    report = highdicom.sr.srread(path)
    about = {"template": data.ContentTemplateSequence[0].TemplateIdentifier, "numbers": numbers(data.ContentSequence)}
    if about["template"] == "1500":
        groups = report.content.get_planar_roi_measurement_groups()
        about["regions"] = [group.roi.value.tolist() for group in groups]
        about["codes"] = [[e.name.meaning, e.value.meaning] for g in groups for e in g.get_qualitative_evaluations()]
    told[path.name] = about
for path in sorted(folder.glob("*.seg.dcm")):
    told[path.name] = {"set": int(highdicom.seg.segread(path).pixel_array.sum())}
for path in sorted(folder.glob("*.fhir.json")):
    bundle = Bundle.model_validate(json.loads(path.read_text()))
    told[path.name] = {"status": bundle.entry[0].resource.status, "entries": len(bundle.entry)}
print(json.dumps(told))
