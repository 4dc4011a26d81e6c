#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/log.hpp"
#include "base/pulse.hpp"
#include "calls/journal.hpp"
#include "calls/place_index.hpp"
#include "calls/segment.hpp"

/// The replies that were paid for, in the folder `<state>/calls`:
///   journals/<incarnation>-<rank>.journal   what each rank of a running or ended job appended
///   journals/<incarnation>-<rank>.<n>.places   of a running job: where its calls lie
///   <model>/<digest>.seg                    sealed replies, immutable
/// A job begins with seal() on one rank, whose result the others get by broadcast; then each rank opens a
/// CallStore. It ends when all ranks have destroyed theirs and one calls seal() again. Why segments are files
/// of our own and not HDF5: docs/adr/0010-segments-of-calls.md
namespace dream::calls {

/// Identity of a call: everything that the reply depends on, and nothing else (so never the URL).
/// `sample`: 0, 1, ... for repeated samples of one request.
[[nodiscard]] Digest call_key(std::string_view model, std::string_view revision,
                              std::string_view canonical_body, std::int64_t sample);

struct Sealed {
  std::vector<std::string> segments;  ///< all segments there are now, relative to the folder, sorted
  std::int64_t new_calls = 0;         ///< calls that were in journals only
  std::int64_t torn_journals = 0;     ///< journals with an uncommitted end, which was dropped
};

/// Moves the replies of all journals into segments and then removes these journals; safe to repeat after a
/// crash at any moment. One rank calls it while no rank of any live job writes to the folder. A folder that
/// is absent is an empty store. Throws StateError.
[[nodiscard]] Sealed seal(const std::filesystem::path& folder, const Log& log, const Pulse& pulse);

/// One rank's view: reads sealed segments and its own journal, appends to the journal. What other ranks of
/// the job append becomes visible with the next seal(). Memory does not depend on the number of calls
/// (place_index.hpp).
class CallStore {
 public:
  /// `segments`: of Sealed. `incarnation`: unique among all jobs that ever used the folder (letters, digits,
  /// '-', '_').
  CallStore(std::filesystem::path folder, const std::vector<std::string>& segments,
            std::string_view incarnation, int rank);

  /// Whether there is a committed reply, without reading it.
  [[nodiscard]] bool contains(const Digest& key) const { return index_.find(key).has_value(); }
  /// The committed reply to a call, if there is one. Throws StateError when its bytes are damaged.
  [[nodiscard]] std::optional<CallRecord> find(const Digest& key) const;

  /// Adds a reply to the open group; find() sees it after commit().
  void append(const CallRecord& record);
  /// As in Journal.
  [[nodiscard]] const Journal& journal() const { return journal_; }
  void commit();

  [[nodiscard]] std::int64_t sealed_calls() const { return sealed_calls_; }

 private:
  [[nodiscard]] const Segment& open_segment(std::uint32_t number) const;

  std::filesystem::path folder_;
  std::vector<std::string> segments_;
  std::int64_t sealed_calls_ = 0;
  PlaceIndex index_;  ///< file 0 is the journal, file 1 the first segment
  mutable std::unordered_map<std::uint32_t, Segment> open_;
  Journal journal_;
  std::vector<RecordPlace> group_;  ///< appended, not yet committed
};

}  // namespace dream::calls
