#include "collect/library_class.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace davy::collect {
namespace {

using event::LibraryClass;

struct Case {
  std::string_view path;
  LibraryClass expected;
};

constexpr Case kCases[] = {
    {"/usr/lib/x86_64-linux-gnu/libc.so.6", LibraryClass::kCLibrary},
    {"/lib/x86_64-linux-gnu/libc-2.31.so", LibraryClass::kCLibrary},
    {"/lib64/ld-linux-x86-64.so.2", LibraryClass::kCLibrary},
    {"/lib/x86_64-linux-gnu/ld-2.31.so", LibraryClass::kCLibrary},
    {"/lib/ld-musl-x86_64.so.1", LibraryClass::kCLibrary},
    {"/usr/lib/libm.so.6", LibraryClass::kCLibrary},
    {"/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30", LibraryClass::kCxxRuntime},
    {"/usr/lib/x86_64-linux-gnu/libgcc_s.so.1", LibraryClass::kCxxRuntime},
    {"/usr/lib/libc++.so.1", LibraryClass::kCxxRuntime},
    {"/usr/lib/x86_64-linux-gnu/libgomp.so.1.0.0", LibraryClass::kThreading},
    {"/usr/lib/x86_64-linux-gnu/libtbb.so.12", LibraryClass::kThreading},
    {"/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblasp-r0.3.21.so", LibraryClass::kLinearAlgebra},
    {"/app/venv/numpy.libs/libopenblas64_p-r0-0cf96a72.3.23.dev.so", LibraryClass::kLinearAlgebra},
    {"/usr/lib/x86_64-linux-gnu/libgmp.so.10.4.1", LibraryClass::kLinearAlgebra},
    {"/opt/intel/libmkl_core.so.2", LibraryClass::kLinearAlgebra},
    {"/usr/lib/x86_64-linux-gnu/libcrypto.so.3", LibraryClass::kCryptography},
    {"/usr/local/lib/libcrypto-3-x64.so", LibraryClass::kCryptography},
    {"/usr/lib/x86_64-linux-gnu/libsodium.so.23.3.0", LibraryClass::kCryptography},
    {"/usr/lib/x86_64-linux-gnu/libssl.so.3", LibraryClass::kTransportSecurity},
    {"/usr/lib/x86_64-linux-gnu/libgnutls.so.30", LibraryClass::kTransportSecurity},
    {"/usr/lib/x86_64-linux-gnu/libhwloc.so.15.6.2", LibraryClass::kHardwareTopology},
    {"/usr/lib/x86_64-linux-gnu/libnuma.so.1", LibraryClass::kHardwareTopology},
    {"/usr/lib/x86_64-linux-gnu/libcuda.so.535.161.07", LibraryClass::kGpu},
    {"/usr/lib/x86_64-linux-gnu/libOpenCL.so.1", LibraryClass::kGpu},
    {"/usr/lib/x86_64-linux-gnu/libnvidia-ptxjitcompiler.so.1", LibraryClass::kGpu},
    {"/usr/lib/x86_64-linux-gnu/libavcodec.so.59.37.100", LibraryClass::kMedia},
    {"/usr/lib/x86_64-linux-gnu/libx264.so.164", LibraryClass::kMedia},
    {"/usr/lib/x86_64-linux-gnu/libpng16.so.16", LibraryClass::kImage},
    {"/usr/lib/x86_64-linux-gnu/libMagickCore-6.Q16.so.6", LibraryClass::kImage},
    {"/usr/lib/x86_64-linux-gnu/libX11.so.6", LibraryClass::kDesktop},
    {"/usr/lib/x86_64-linux-gnu/libgtk-3.so.0", LibraryClass::kDesktop},
    {"/usr/lib/x86_64-linux-gnu/libQt5Core.so.5", LibraryClass::kDesktop},
    {"/usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so", LibraryClass::kJava},
    {"/usr/lib/jvm/java-17-openjdk-amd64/lib/libzip.so", LibraryClass::kJava},
    {"/opt/java/openjdk/lib/libnio.so", LibraryClass::kJava},
    {"/usr/lib/jvm/java-17-openjdk-amd64/lib/libj2pcsc.so", LibraryClass::kJava},
    {"/usr/lib/x86_64-linux-gnu/libzip.so.4", LibraryClass::kCompression},
    {"/usr/lib/x86_64-linux-gnu/libnode.so.108", LibraryClass::kJavaScript},
    {"/app/node_modules/bcrypt/bcrypt.node", LibraryClass::kJavaScript},
    {"/usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0", LibraryClass::kPython},
    {"/usr/lib/python3.11/lib-dynload/_json.cpython-311-x86_64-linux-gnu.so", LibraryClass::kPython},
    {"/usr/local/lib/python3.11/site-packages/x/_fast.abi3.so", LibraryClass::kPython},
    {"/usr/lib/x86_64-linux-gnu/libperl.so.5.36", LibraryClass::kScripting},
    {"/usr/lib/x86_64-linux-gnu/perl-base/auto/POSIX/POSIX.so", LibraryClass::kScripting},
    {"/usr/lib/x86_64-linux-gnu/liblua5.4.so.0", LibraryClass::kScripting},
    {"/usr/lib/php/20220829/opcache.so", LibraryClass::kScripting},
    {"/usr/lib/R/lib/libR.so", LibraryClass::kScripting},
    {"/usr/lib/x86_64-linux-gnu/libpq.so.5.15", LibraryClass::kDatabase},
    {"/usr/lib/x86_64-linux-gnu/libsqlite3.so.0", LibraryClass::kDatabase},
    {"/usr/lib/x86_64-linux-gnu/libdb-5.3.so", LibraryClass::kDatabase},
    {"/usr/lib/x86_64-linux-gnu/libz.so.1.2.13", LibraryClass::kCompression},
    {"/usr/lib/x86_64-linux-gnu/libzstd.so.1", LibraryClass::kCompression},
    {"/usr/lib/x86_64-linux-gnu/libuv.so.1", LibraryClass::kEventLoop},
    {"/usr/lib/x86_64-linux-gnu/libevent-2.1.so.7", LibraryClass::kEventLoop},
    {"/usr/lib/x86_64-linux-gnu/libevdev.so.2", LibraryClass::kSystemOther},
    {"/usr/lib/x86_64-linux-gnu/libcurl-gnutls.so.4", LibraryClass::kTransfer},
    {"/usr/lib/x86_64-linux-gnu/libnghttp2.so.14", LibraryClass::kTransfer},
    {"/usr/lib/x86_64-linux-gnu/libLLVM-14.so.1", LibraryClass::kCompiler},
    {"/usr/lib/x86_64-linux-gnu/libbfd-2.40-system.so", LibraryClass::kCompiler},
    {"/usr/lib/x86_64-linux-gnu/libnss_files.so.2", LibraryClass::kNameService},
    {"/usr/lib/x86_64-linux-gnu/libresolv.so.2", LibraryClass::kNameService},
    {"/usr/lib/x86_64-linux-gnu/libavahi-client.so.3", LibraryClass::kSystemOther},
    {"/usr/lib/x86_64-linux-gnu/libselinux.so.1", LibraryClass::kSystemOther},
    {"/lib/x86_64-linux-gnu/libsystemd.so.0", LibraryClass::kSystemOther},
    {"/lib/libfoo.so (deleted)", LibraryClass::kSystemOther},
    {"/usr/lib/x86_64-linux-gnu/libssl.so.3 (deleted)", LibraryClass::kTransportSecurity},
    {"/opt/app/libfoo.so", LibraryClass::kPrivate},
    {"/tmp/libprocesshider.so", LibraryClass::kPrivate},
    {"/libfoo.so", LibraryClass::kPrivate},
    {"libfoo.so", LibraryClass::kPrivate},
    {"/memfd:x (deleted)", LibraryClass::kPrivate},
    {"", LibraryClass::kPrivate},
    {"/", LibraryClass::kPrivate},
    {"\xff\xfe.so", LibraryClass::kPrivate},
};

class Library : public testing::TestWithParam<Case> {};

TEST_P(Library, IsAsTheTableSays) {
  const auto [path, expected] = GetParam();
  EXPECT_EQ(name_of(classify_library(path)), name_of(expected)) << path;
}
INSTANTIATE_TEST_SUITE_P(Table, Library, testing::ValuesIn(kCases));

TEST(LibraryTable, EveryClassHasACase) {
  std::set<LibraryClass> seen;
  for (const Case& c : kCases) seen.insert(c.expected);
  EXPECT_EQ(seen.size(), event::kCountOf<LibraryClass>);
}

/// Detection by name is what renaming defeats: names that miners bring are known to no row.
TEST(LibraryTable, NoMinersLibraryHasARow) {
  for (const std::string name : {"librandomx.so", "libxmrig-cuda.so", "libxmrigcuda.so", "libcryptonight.so",
                                 "libethash.so", "libverushash.so", "libminer.so"}) {
    EXPECT_EQ(classify_library("/opt/" + name), LibraryClass::kPrivate) << name;
  }
}

}  // namespace
}  // namespace davy::collect
