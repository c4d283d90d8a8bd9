// A connection for who would rather know soon that nobody answers.
#pragma once

#include <chrono>

#include "mongo/client.h"

namespace whimbrel::mongo {

/// As Client::another(), but a server that is gone is an Error at the first look, at most after
/// `answer` (or what the connection string sets), and nothing is repeated. The next command looks
/// again.
Result<Client> impatient_client(const Client& client, std::chrono::milliseconds answer);

}  // namespace whimbrel::mongo
