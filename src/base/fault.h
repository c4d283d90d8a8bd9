// Faults on purpose: where an effect leaves this process, a test build dies, stalls or fails when
// it is told to.
//
// Every server call, every call of a Node host and every file that a run writes goes through
// with_faults(), and so has two fault points: `WHAT before` and `WHAT after`. In builds without
// WHIMBREL_FAULTS there is nothing of it.
//
//   WHIMBREL_FAULT="kill WHAT before#2"    SIGKILL at the second passage of that point
//   WHIMBREL_FAULT="stop WHAT before#1"    SIGSTOP there; goes on after a SIGCONT
//   WHIMBREL_FAULT="stall WHAT after#1"    sleeps there for 300 ms
//   WHIMBREL_FAULT="error WHAT after#1"    the effect has happened, and its answer is lost
//   WHIMBREL_FAULT="stop …#1; kill …#2"    several
//   WHIMBREL_FAULT_TRACE=FILE              appends the name of every point as it is passed, and
//                                          "met" before a fault happens
// ObjectIds in WHAT are written as ID.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace whimbrel {

#ifdef WHIMBREL_FAULTS
inline constexpr bool kHasFaults = true;
#else
inline constexpr bool kHasFaults = false;
#endif

enum class FaultSide { kBefore, kAfter };

/// Passes the point `what` on that side. Its Error is like that of a connection that broke
/// (kUnreachable, Retry::kTransient). Thread-safe.
Status pass_fault_point(const std::string& what, FaultSide side);

/// `effect()` between its two fault points; `name()` says what it is. An error of its own goes
/// before that of the point behind it.
template <class Name, class Effect>
auto with_faults(Name name, Effect effect) -> decltype(effect()) {
  if constexpr (!kHasFaults) {
    return effect();
  } else {
    std::string what = name();
    TRY(pass_fault_point(what, FaultSide::kBefore));
    auto result = effect();
    if (!result) return result;
    TRY(pass_fault_point(what, FaultSide::kAfter));
    return result;
  }
}

}  // namespace whimbrel
