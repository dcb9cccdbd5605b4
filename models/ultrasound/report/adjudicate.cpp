#include "models/ultrasound/report/adjudicate.h"

#include <algorithm>
#include <map>
#include <set>

#include "framework/base/error.h"

namespace conclave::ultrasound {
namespace {

constexpr double kOverlap = 1.0 / 3;

double overlap(const Box& a, const Box& b) {
  const double across = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
  const double down = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
  if (across <= 0 || down <= 0) return 0;
  const double both = across * down;
  return both / (a.width * a.height + b.width * b.height - both);
}

bool same_size(const Mask& a, const Mask& b) {
  return a.width == b.width && a.height == b.height;
}

bool are_one(const Finding& a, const Finding& b) {
  if (a.kind != b.kind || a.evidence.source != b.evidence.source || a.evidence.frame != b.evidence.frame)
    return false;
  if (a.evidence.box && b.evidence.box) return overlap(*a.evidence.box, *b.evidence.box) >= kOverlap;
  if (a.mask && b.mask && same_size(*a.mask, *b.mask)) return dice(*a.mask, *b.mask) >= kOverlap;
  return !a.evidence.box && !b.evidence.box && !a.mask && !b.mask;
}

/// One finding as its readers have it, at most one each.
struct Group {
  std::vector<std::pair<std::string, const Finding*>> members;
};

std::vector<Group> group(const std::vector<AnnotatedFindings>& readers) {
  std::vector<Group> groups;
  for (const auto& [reader, findings] : readers)
    for (const auto& finding : findings.findings) {
      const auto fits = [&, name = reader](const Group& each) {
        return each.members.back().first != name && are_one(*each.members.front().second, finding);
      };
      const auto found = std::find_if(groups.begin(), groups.end(), fits);
      if (found != groups.end())
        found->members.emplace_back(reader, &finding);
      else
        groups.push_back({{{reader, &finding}}});
    }
  return groups;
}

Field join_field(const std::string& name, const std::vector<Vote>& votes) {
  std::map<std::string, int> counts;
  int given = 0;
  for (const auto& vote : votes)
    if (!vote.value.empty()) ++counts[vote.value], ++given;
  Field field;
  field.name = name;
  for (const auto& [value, count] : counts) {
    field.probabilities[value] = static_cast<double>(count) / given;
    if (2 * count > given) field.value = value, field.confidence = field.probabilities[value];
  }
  field.abstained = field.value.empty();
  if (field.abstained) field.reason = given == 0 ? "no reader gave a value" : "the readers differ";
  return field;
}

Mask majority(const std::vector<std::pair<std::string, Mask>>& masks) {
  Mask joined{masks[0].second.width, masks[0].second.height,
              std::vector<uint8_t>(masks[0].second.pixels.size())};
  for (size_t i = 0; i < joined.pixels.size(); ++i) {
    size_t count = 0;
    for (const auto& [reader, mask] : masks) count += mask.pixels[i];
    joined.pixels[i] = 2 * count > masks.size();
  }
  return joined;
}

void join_masks(const Group& group, JoinedFinding& joined) {
  for (const auto& [reader, finding] : group.members)
    if (finding->mask && (joined.masks.empty() || same_size(*finding->mask, joined.masks[0].second)))
      joined.masks.emplace_back(reader, *finding->mask);
  if (joined.masks.empty()) return;
  joined.finding.mask = majority(joined.masks);
  double sum = 0;
  int pairs = 0;
  for (size_t a = 0; a < joined.masks.size(); ++a)
    for (size_t b = a + 1; b < joined.masks.size(); ++b, ++pairs)
      sum += dice(joined.masks[a].second, joined.masks[b].second);
  if (pairs > 0) joined.mask_agreement = sum / pairs;
}

}  // namespace

double dice(const Mask& a, const Mask& b) {
  require<UsageError>(same_size(a, b), "masks of {} x {} and {} x {}", a.width, a.height, b.width, b.height);
  int64_t both = 0, sum = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i)
    both += a.pixels[i] & b.pixels[i], sum += a.pixels[i] + b.pixels[i];
  return sum == 0 ? 1 : 2.0 * static_cast<double>(both) / static_cast<double>(sum);
}

Adjudication adjudicate(const std::vector<AnnotatedFindings>& readers) {
  require<UsageError>(readers.size() >= 2, "two readers at least are wanted");
  Adjudication joined;
  joined.organ = readers[0].findings.organ;
  for (const auto& [reader, findings] : readers) {
    require<UsageError>(
        std::find(joined.readers.begin(), joined.readers.end(), reader) == joined.readers.end(),
        "reader '{}' comes twice", reader);
    require<UsageError>(findings.organ == joined.organ, "reader '{}' read '{}', not '{}'", reader,
                        findings.organ, joined.organ);
    joined.readers.push_back(reader);
  }
  for (const auto& group : group(readers)) {
    JoinedFinding row;
    const Finding& first = *group.members[0].second;
    row.finding.kind = first.kind;
    row.finding.evidence = first.evidence;
    row.finding.measurements = first.measurements;
    row.finding.confidence = static_cast<double>(group.members.size()) / static_cast<double>(readers.size());
    for (const auto& [reader, finding] : group.members) row.seen_by.push_back(reader);
    const size_t index = joined.findings.size();
    if (group.members.size() < readers.size())
      joined.disagreements.push_back(
          fmt::format("{}: seen by {} of {} readers", index, group.members.size(), readers.size()));
    for (const auto& terms : lexicon()) {
      if (terms.organ != joined.organ) continue;
      std::vector<Vote> votes;
      bool asked = false;
      for (const auto& [reader, finding] : group.members) {
        const auto field = std::find_if(finding->fields.begin(), finding->fields.end(),
                                        [&](const Field& each) { return each.name == terms.field.code; });
        asked = asked || field != finding->fields.end();
        votes.push_back({reader, field == finding->fields.end() || field->abstained ? "" : field->value});
      }
      if (!asked) continue;
      row.finding.fields.push_back(join_field(terms.field.code, votes));
      if (row.finding.fields.back().abstained)
        joined.disagreements.push_back(
            fmt::format("{}.{}: {}", index, terms.field.code, row.finding.fields.back().reason));
      row.votes.emplace_back(terms.field.code, std::move(votes));
    }
    join_masks(group, row);
    joined.findings.push_back(std::move(row));
  }
  return joined;
}

void decide(Adjudication& joined, const std::vector<Edit::Set>& decisions, const std::string& by) {
  require<UsageError>(decisions.empty() || !by.empty(), "who decides must be named");
  for (const auto& [index, name, value] : decisions) {
    require<UsageError>(index < joined.findings.size(), "finding {}: there are {}", index,
                        joined.findings.size());
    check_value(joined.organ, name, value);
    auto& fields = joined.findings[index].finding.fields;
    auto field = std::find_if(fields.begin(), fields.end(),
                              [&, wanted = name](const Field& each) { return each.name == wanted; });
    if (field == fields.end())
      field = fields.insert(fields.end(), Field{name, "", 0, false, "", {}, std::nullopt});
    // The shares of votes stay: a decision is no vote.
    field->value = value, field->confidence = 1, field->abstained = false, field->reason = "decided by " + by;
    const std::string place = fmt::format("{}.{}:", index, name);
    std::erase_if(joined.disagreements, [&](const std::string& each) { return each.starts_with(place); });
  }
}

Json to_json(const Adjudication& joined) {
  Findings findings;
  findings.organ = joined.organ;
  findings.model = fmt::format("readers: {}", fmt::join(joined.readers, ", "));
  for (const auto& row : joined.findings) findings.findings.push_back(row.finding);
  Json json = to_json(findings);
  json["readers"] = joined.readers;
  for (size_t i = 0; i < joined.findings.size(); ++i) {
    const auto& row = joined.findings[i];
    Json& out = json["findings"][i];
    out["seen_by"] = row.seen_by;
    out["votes"] = Json::object();
    for (const auto& [field, votes] : row.votes)
      for (const auto& vote : votes)
        out["votes"][field][vote.reader] = vote.value.empty() ? Json() : Json(vote.value);
    out["masks"] = Json::object();
    for (const auto& [reader, mask] : row.masks) out["masks"][reader] = mask_json(mask);
    if (row.masks.size() > 1) out["mask_agreement"] = row.mask_agreement;
  }
  json["disagreements"] = joined.disagreements;
  return json;
}

}  // namespace conclave::ultrasound
