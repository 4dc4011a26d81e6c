#pragma once
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/trace.hpp"

namespace dream::comm {

enum class Reduce { sum, min, max };

/// A number that goes up and down on every rank and is told as a sum: which one, and by how much it went up.
struct Count {
  std::int64_t what = 0;
  std::int64_t more = 0;
};

/// The group has lost a rank, and MPI goes on without it: Communicator::survivors(). Every rank that lives
/// throws it, each from the verb at which it stands.
struct RanksLost : CommError {
  RanksLost(std::string in_call, int on_rank)
      : CommError(std::move(in_call), 0, on_rank, "the group has lost a rank") {}
};

/// Who is gone.
struct LostRank {
  int rank = 0;  ///< as the launcher numbered it
  std::string host;
  std::int64_t process = 0;
};

struct Survivors;

/// Values of all ranks side by side: those of rank r are values[offsets[r] .. offsets[r + 1]).
template <class T>
struct Gathered {
  std::vector<T> values;
  std::vector<std::int64_t> offsets;

  [[nodiscard]] std::span<const T> from(int rank) const {
    const auto begin = static_cast<std::size_t>(offsets[static_cast<std::size_t>(rank)]);
    const auto end = static_cast<std::size_t>(offsets[static_cast<std::size_t>(rank) + 1]);
    return std::span<const T>(values).subspan(begin, end - begin);
  }
};

/// What a communicator must do; everything typed is built on it. All counts are bytes. Implementations: self,
/// mpi.
class Transport {
 public:
  virtual ~Transport() = default;
  [[nodiscard]] virtual int rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;
  [[nodiscard]] virtual std::string name() const = 0;
  virtual void broadcast(std::span<char> data, int root) = 0;
  virtual void all_gather_v(std::span<const char> mine, std::span<const std::int64_t> counts,
                            std::span<char> all) = 0;
  virtual void all_to_all_v(std::span<const char> out, std::span<const std::int64_t> out_counts,
                            std::span<char> in, std::span<const std::int64_t> in_counts) = 0;
  virtual void all_reduce(std::span<std::int64_t> data, Reduce op) = 0;
  virtual void send(std::span<const char> data, int to) = 0;
  virtual void receive(std::span<char> data, int from) = 0;
  virtual void raise_alarm() = 0;
  [[nodiscard]] virtual bool alarmed() = 0;
  virtual void clear_alarm() = 0;
  virtual void post(std::span<const Count> counts) = 0;
  [[nodiscard]] virtual std::vector<Count> collect() = 0;
  virtual void set_idle(std::function<void()> idle) = 0;
  [[nodiscard]] virtual bool conclude(bool well) = 0;
  [[nodiscard]] virtual Survivors survivors() = 0;
  [[noreturn]] virtual void abort(int exit_code) = 0;
};

/// A group of ranks, as a value: copying it copies a handle to the same group and is local. It moves bytes
/// and exact integers and knows no chunk, trial or metric. Every verb but rank, size, alarm and send/receive
/// is collective: all ranks call it, in the same order. Every verb blocks; a wait for a rank that shows no
/// life any more is a CommError, and where MPI survives a loss (Open MPI 5 with ULFM) a loss is RanksLost. A
/// group that lost a rank is never mended: conclude() and survivors() are all that can be called on it.
///
/// The pictures show three ranks; a, b, c are values.
class Communicator {
 public:
  explicit Communicator(std::shared_ptr<Transport> transport) : transport_(std::move(transport)) {}

  [[nodiscard]] int rank() const { return transport_->rank(); }
  [[nodiscard]] int size() const { return transport_->size(); }
  /// "self" or "mpi".
  [[nodiscard]] std::string name() const { return transport_->name(); }

  /// a|?|?  ->  a|a|a     (root 0; sizes agree on all ranks)
  template <Plain T>
  void broadcast(std::span<T> data, int root) {
    transport_->broadcast(as_bytes(data), root);
  }
  /// The same for bytes whose number only `root` knows.
  void broadcast(Bytes& data, int root);

  /// a|b|c  ->  abc|abc|abc
  template <Plain T>
  [[nodiscard]] std::vector<T> all_gather(const T& mine) {
    std::vector<T> all(static_cast<std::size_t>(size()));
    const std::vector<std::int64_t> counts(all.size(), sizeof(T));
    transport_->all_gather_v({reinterpret_cast<const char*>(&mine), sizeof(T)}, counts,
                             as_bytes(std::span<T>(all)));
    return all;
  }

  /// aa||c  ->  aac|aac|aac     (any count per rank, zero included)
  template <Plain T>
  [[nodiscard]] Gathered<T> all_gather_v(std::span<const T> mine) {
    const auto bytes = all_gather(static_cast<std::int64_t>(mine.size_bytes()));
    Gathered<T> all = sized<T>(bytes);
    transport_->all_gather_v(as_bytes(mine), bytes, as_bytes(std::span<T>(all.values)));
    return all;
  }

  /// As all_gather_v, but only `root` receives; the others get an empty result.
  /// aa|b|c  ->  aabc||
  template <Plain T>
  [[nodiscard]] Gathered<T> gather_v(std::span<const T> mine, int root) {
    std::vector<std::int64_t> to_root(static_cast<std::size_t>(size()), 0);
    to_root[static_cast<std::size_t>(root)] = static_cast<std::int64_t>(mine.size());
    auto all = all_to_all_v(mine, std::span<const std::int64_t>(to_root));
    if (rank() != root) return {{}, std::vector<std::int64_t>(static_cast<std::size_t>(size()) + 1, 0)};
    return all;
  }

  /// Rank r's out is cut by counts[0..size) into a piece for each rank; the pieces arrive in rank order.
  /// a0 a1 a2|b0 b1 b2|c0 c1 c2  ->  a0 b0 c0|a1 b1 c1|a2 b2 c2
  template <Plain T>
  [[nodiscard]] Gathered<T> all_to_all_v(std::span<const T> out, std::span<const std::int64_t> counts) {
    std::vector<std::int64_t> out_bytes(counts.begin(), counts.end());
    for (auto& c : out_bytes) c *= static_cast<std::int64_t>(sizeof(T));
    const auto in_bytes = exchange_counts(out_bytes);
    Gathered<T> in = sized<T>(in_bytes);
    transport_->all_to_all_v(as_bytes(out), out_bytes, as_bytes(std::span<T>(in.values)), in_bytes);
    return in;
  }

  /// a|b|c  ->  f(a,b,c)|f(a,b,c)|f(a,b,c)     Exact integers only: a float sum would depend on the number of
  /// ranks.
  void all_reduce(std::span<std::int64_t> data, Reduce op) { transport_->all_reduce(data, op); }
  [[nodiscard]] std::int64_t all_reduce(std::int64_t value, Reduce op) {
    all_reduce(std::span<std::int64_t>(&value, 1), op);
    return value;
  }

  /// Returns when every rank has called it.
  void barrier() { (void)all_reduce(0, Reduce::sum); }

  /// Point to point, blocking, in order per pair of ranks. Not collective.
  void send(const Bytes& data, int to);
  [[nodiscard]] Bytes receive(int from);

  /// Tells all ranks, without waiting, that this one has failed; their next alarmed() is true. Not
  /// collective.
  void raise_alarm() { transport_->raise_alarm(); }
  [[nodiscard]] bool alarmed() { return transport_->alarmed(); }
  /// Collective: after it no alarm of the past is seen. agree() calls it.
  void clear_alarm() { transport_->clear_alarm(); }

  /// Sends numbers to rank 0 without waiting; rank 0's collect() returns what has arrived since its last
  /// call. For progress, which nobody waits for. Not collective.
  void post(std::span<const Count> counts) { transport_->post(counts); }
  [[nodiscard]] std::vector<Count> collect() { return transport_->collect(); }
  /// Called now and then while this rank waits for others, so that a board stays alive. Local; must not
  /// communicate but by collect().
  void set_idle(std::function<void()> idle) { transport_->set_idle(std::move(idle)); }

  /// The last verb of a group, for every rank that lives, also after RanksLost (`well` is false then). True
  /// on all of them: all were well and are here. False on all of them: the group has lost ranks, survivors()
  /// goes on.
  [[nodiscard]] bool conclude(bool well) { return transport_->conclude(well); }
  /// The group without those that are gone, in the same order. A process of theirs that is left (stopped,
  /// stuck) is ended where one of its host survives.
  [[nodiscard]] Survivors survivors();

  /// Ends all ranks at once. Only for the one catch in main().
  [[noreturn]] void abort(int exit_code) {
    transport_->abort(exit_code);
    std::abort();  // not reached: g++ 12 does not believe a virtual function's [[noreturn]]
  }

 private:
  friend Communicator traced(const Communicator& comm, Trace trace);
  template <class T>
  static std::span<char> as_bytes(std::span<T> data) requires(!std::is_const_v<T>) {
    return {reinterpret_cast<char*>(data.data()), data.size_bytes()};
  }
  template <class T>
  static std::span<const char> as_bytes(std::span<const T> data) {
    return {reinterpret_cast<const char*>(data.data()), data.size_bytes()};
  }
  template <class T>
  static Gathered<T> sized(const std::vector<std::int64_t>& bytes) {
    Gathered<T> all;
    all.offsets.push_back(0);
    for (const auto b : bytes)
      all.offsets.push_back(all.offsets.back() + b / static_cast<std::int64_t>(sizeof(T)));
    all.values.resize(static_cast<std::size_t>(all.offsets.back()));
    return all;
  }
  [[nodiscard]] std::vector<std::int64_t> exchange_counts(std::span<const std::int64_t> out_bytes);

  std::shared_ptr<Transport> transport_;
};

struct Survivors {
  Communicator comm;
  std::vector<LostRank> lost;
};

/// One rank, no MPI.
[[nodiscard]] Communicator self();

}  // namespace dream::comm
