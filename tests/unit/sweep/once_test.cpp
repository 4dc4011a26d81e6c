#include "sweep/once.hpp"

#include <map>

#include "comm/agree.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using sweep::Request;
namespace test = dream::test;

namespace {

Request request(int number) {
  const auto name = "request " + std::to_string(number);
  return {digest_of(name), name};
}

std::string text(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

/// Asks for `numbers` and checks each reply; returns how many requests this rank served.
std::int64_t ask(comm::Communicator& comm, const sweep::Workers& workers, const std::vector<int>& numbers) {
  std::vector<Request> requests;
  for (const int number : numbers) requests.push_back(request(number));
  std::int64_t served = 0;
  const auto replies = sweep::once(comm, workers, requests, [&](const std::vector<Request>& distinct) {
    std::vector<Bytes> answers;
    for (std::size_t i = 0; i < distinct.size(); ++i) {
      BOOST_TEST((i == 0 || distinct[i - 1].key < distinct[i].key), "sorted, each once");
      const auto answer = "reply to " + distinct[i].payload;
      answers.emplace_back(answer.begin(), answer.end());
    }
    served += std::ssize(distinct);
    return answers;
  });
  BOOST_REQUIRE(replies.size() == numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    BOOST_TEST(text(replies[i]) == "reply to request " + std::to_string(numbers[i]));
  }
  return served;
}

/// Rank r asks for 10 r ... 10 r + 19: neighbours share half, and 10 r twice.
std::vector<int> wishes(int rank) {
  std::vector<int> numbers;
  for (int i = 0; i < 20; ++i) numbers.push_back(10 * rank + i);
  numbers.push_back(10 * rank);
  return numbers;
}

}  // namespace

// Invariant 3: equal work is done once, whoever asks.
BOOST_AUTO_TEST_CASE(each_distinct_request_is_served_once, *test::ranks({1, 2, 3, 4})) {
  auto comm = test::world();
  const auto served = ask(comm, {0, comm.size()}, wishes(comm.rank()));
  BOOST_TEST(comm.all_reduce(served, comm::Reduce::sum) == 10 * (comm.size() + 1));
}

BOOST_AUTO_TEST_CASE(a_coordinator_asks_and_serves_nothing, *test::ranks({2, 3, 4})) {
  auto comm = test::world();
  const auto served = ask(comm, {1, comm.size() - 1}, wishes(comm.rank()));
  if (comm.rank() == 0) BOOST_TEST(served == 0);
  BOOST_TEST(comm.all_reduce(served, comm::Reduce::sum) == 10 * (comm.size() + 1));
}

BOOST_AUTO_TEST_CASE(ranks_without_requests_take_part, *test::ranks({1, 2, 3, 4})) {
  auto comm = test::world();
  const auto nobody = ask(comm, {0, comm.size()}, {});
  BOOST_TEST(nobody == 0);
  const auto served = ask(comm, {0, comm.size()}, comm.rank() == 0 ? wishes(0) : std::vector<int>{});
  BOOST_TEST(comm.all_reduce(served, comm::Reduce::sum) == 20);
}

// As in a job: a rank remembers what it served, and nobody serves it again, wherever homes send it.
BOOST_AUTO_TEST_CASE(homes_hand_on_what_they_have_too_much_of, *test::ranks({1, 2, 3, 4})) {
  auto comm = test::world();
  const sweep::Workers workers{0, comm.size()};
  sweep::Relief relief(workers);
  std::map<Digest, Bytes> remembered;
  sweep::ReliefTerms terms;
  terms.speeds = {comm.rank() == 0 ? 1. : 3., comm.rank() == comm.size() - 1 ? 1. : 0.};
  terms.lane = [](const std::string& payload) { return payload.ends_with("7") ? std::size_t{1} : 0; };
  terms.has = [&](const Digest& key) { return remembered.contains(key); };
  std::int64_t served = 0;
  std::int64_t sevens = 0;
  const auto round = [&](int first, const sweep::ReliefTerms* with) {
    std::vector<Request> requests;
    for (int i = first; i < first + 400; ++i) requests.push_back(request(i));
    const auto replies = sweep::once(comm, workers, requests,
                                     [&](const std::vector<Request>& distinct) {
                                       std::vector<Bytes> answers;
                                       for (const auto& [key, payload] : distinct) {
                                         const auto [at, is_new] =
                                             remembered.try_emplace(key, payload.begin(), payload.end());
                                         served += is_new ? 1 : 0;
                                         sevens += is_new && payload.ends_with("7") ? 1 : 0;
                                         answers.push_back(at->second);
                                       }
                                       return answers;
                                     },
                                     {nullptr, &relief, with});
    for (int i = 0; i < 400; ++i)
      BOOST_REQUIRE(text(replies[static_cast<std::size_t>(i)]) == request(first + i).payload);
  };
  const auto sum = [&](std::int64_t value) { return comm.all_reduce(value, comm::Reduce::sum); };
  round(0, &terms);
  BOOST_TEST(sum(served) == 400);
  BOOST_TEST(sevens == (comm.rank() == comm.size() - 1 ? 40 : 0));
  const auto others = static_cast<double>(served - sevens);
  const auto fair = 360. * terms.speeds[0] / (3 * comm.size() - 2);
  BOOST_TEST(others <= 1.03 * fair + 1);
  BOOST_TEST(others >= fair / 1.1 - 1);
  round(100, &terms);  // 300 of them again
  BOOST_TEST(sum(served) == 500);
  round(0, nullptr);  // who only looks finds all
  BOOST_TEST(sum(served) == 500);
}

// Invariant 4: a failure of one rank leaves on all ranks, as one error.
BOOST_AUTO_TEST_CASE(a_throw_in_serving_leaves_on_all_ranks, *test::ranks({1, 2, 3, 4})) {
  auto comm = test::world();
  std::vector<Request> requests;
  for (int i = 0; i < 50; ++i) requests.push_back(request(i));
  const int failing = comm.size() - 1;
  std::string message;
  try {
    (void)sweep::once(comm, {0, comm.size()}, requests, [&](const std::vector<Request>& distinct) {
      if (comm.rank() == failing) throw ModelError("weights", "layer", "broken");
      return std::vector<Bytes>(distinct.size());
    });
  } catch (const Error& e) {
    message = e.what();
    BOOST_TEST(e.on_all_ranks);
    BOOST_TEST((e.code == ExitCode::input));
  }
  BOOST_TEST(message.find("weights") != std::string::npos, "rank " << comm.rank() << ": " << message);
  (void)ask(comm, {0, comm.size()}, wishes(comm.rank()));  // and the group still works
}

BOOST_AUTO_TEST_CASE(a_server_that_drops_a_reply_is_a_bug_of_ours, *test::ranks({1, 2})) {
  auto comm = test::world();
  BOOST_CHECK_THROW((void)sweep::once(comm, {0, comm.size()}, {request(1), request(2)},
                                      [](const std::vector<Request>&) { return std::vector<Bytes>(9); }),
                    Error);
}
