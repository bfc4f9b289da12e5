// What the tests of the page look at: the page's server on a made-up host under the real detector. Each line on
// standard input moves it: "play N" plays N slices, "miner N" lets a miner start now and live for N slices, "end" says
// that the source has ended. The answer to each is "done".
// Usage: davy_page [PORT]

#include <fmt/core.h>

#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>

#include "web/server.h"
#include "web/watched_test.h"

namespace {

using namespace davy;

bool obey(const std::string& line, web::Watched& watched, web::Server& server) {
  std::istringstream words(line);
  std::string verb;
  std::uint64_t slices = 0;
  words >> verb >> slices;
  if (verb == "play") {
    watched.play(slices);
  } else if (verb == "miner") {
    watched.put_miner(watched.now(), watched.now() + slices);
  } else if (verb == "end") {
    server.ended();
  } else {
    fmt::print(stderr, "davy_page: does not know '{}'\n", line);
    return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::stoi(argv[1]) : 0;
  web::Watched watched;
  const auto server = web::Server::open({"127.0.0.1", static_cast<std::uint16_t>(port)}, watched.board());
  if (!server) {
    fmt::print(stderr, "davy_page: {}\n", server.error().message);
    return 1;
  }
  if (auto started = (*server)->start(); !started) {
    fmt::print(stderr, "davy_page: {}\n", started.error().message);
    return 1;
  }
  fmt::print("http://{}\n", web::to_string((*server)->address()));
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    if (!obey(line, watched, **server)) return 2;
    fmt::print("done\n");
    std::fflush(stdout);
  }
  return 0;
}
