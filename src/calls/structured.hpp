#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "calls/asker.hpp"

/// Replies that are to be one JSON object, from models that may say more than that.
namespace dream::calls {

/// The first balanced {...} of a text that is a JSON object, whatever stands around it: talk, ``` fences, a
/// second object.
[[nodiscard]] std::optional<std::string_view> first_object(std::string_view text);

/// What a bare list must be to stand for the object that has it as its one field.
struct BareList {
  std::string field;
  bool of_texts = false;  ///< else of objects
};

/// Of a schema (JSON) whose one property is a list of objects or of texts; nothing for any other.
[[nodiscard]] std::optional<BareList> bare_list(std::string_view schema);

/// The object that a reply holds, or why there is none.
struct Structured {
  std::string object;  ///< valid JSON; empty when there is a reason
  std::string reason;  ///< that of the reply, or "truncated" (it ended for its length), or "unparsable"
  /// Whether the model may mend it when it is told: there is a text, and it ended by itself.
  [[nodiscard]] bool can_be_repaired() const { return reason == "unparsable"; }
};
/// Models that are not held to the schema leave the outermost object out when a list is all that is in it. So
/// where `schema` allows it (see bare_list) the first balanced value counts, object or list, and a list is
/// put into its object.
[[nodiscard]] Structured read_structured(const Reply& reply, std::string_view schema = {});

/// The conversation that asks once more after a reply that does not fit: what was sent, the reply (its first
/// 8,000 bytes), and `instruction`.
[[nodiscard]] std::vector<Message> repair_prompt(std::vector<Message> sent, std::string_view reply,
                                                 std::string_view instruction);

}  // namespace dream::calls
