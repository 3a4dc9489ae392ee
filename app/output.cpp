#include "app/output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <streambuf>
#include <string_view>

namespace omniq::app {
namespace {

/// The stream of the standard library says that something failed, and not what.
class Stdout : public std::streambuf {
 public:
  Stdout() { setp(buffer_.data(), buffer_.data() + buffer_.size()); }
  int error() const { return error_; }

 protected:
  int overflow(int next) override {
    if (sync() != 0) return traits_type::eof();
    if (next != traits_type::eof()) sputc(traits_type::to_char_type(next));
    return traits_type::not_eof(next);
  }
  int sync() override {
    std::string_view rest(pbase(), static_cast<std::size_t>(pptr() - pbase()));
    setp(buffer_.data(), buffer_.data() + buffer_.size());
    while (!rest.empty() && error_ == 0) {
      const ::ssize_t done = ::write(STDOUT_FILENO, rest.data(), rest.size());
      if (done >= 0) {
        rest.remove_prefix(static_cast<std::size_t>(done));
      } else if (errno == EAGAIN) {  // whoever started the program may have made it so
        pollfd writable{STDOUT_FILENO, POLLOUT, 0};
        ::poll(&writable, 1, -1);
      } else if (errno != EINTR) {
        error_ = errno;
      }
    }
    return error_ == 0 ? 0 : -1;
  }

 private:
  std::array<char, 1 << 14> buffer_;
  int error_ = 0;
};

Stdout& out() {
  static Stdout* const out = new Stdout;  // std::cout may be flushed after all else is gone
  return *out;
}

}  // namespace

void watch_output() {
  // Opened the wrong way round: reading and writing fail as they did when it was closed.
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
  std::cout.rdbuf(&out());
}

int finish_output(int code) {
  std::cout.flush();
  if (out().error() == 0) return code;
  std::cerr << "error: Not all of the output could be written: " << std::strerror(out().error())
            << ".\n";
  return code == 0 ? 1 : code;
}

}  // namespace omniq::app
