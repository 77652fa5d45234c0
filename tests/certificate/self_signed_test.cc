#include "certificate/self_signed.h"

#include <gtest/gtest.h>

namespace st::certificate {
namespace {

TEST(SelfSigned, is_a_pair_of_pem_texts_that_is_never_the_same_twice) {
    const CertificateWanted wanted{.names = {"localhost"}, .addresses = {"127.0.0.1", "::1"}};
    const CertificateAndKey one = make_self_signed(wanted);
    EXPECT_TRUE(one.certificate.starts_with("-----BEGIN CERTIFICATE-----\n"));
    EXPECT_TRUE(one.key.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    const CertificateAndKey other = make_self_signed(wanted);
    EXPECT_NE(one.key, other.key);
    EXPECT_NE(one.certificate, other.certificate);
}

TEST(SelfSigned, a_name_longer_than_a_common_name_may_be_is_taken) {
    const std::string name = std::string(60, 'a') + ".example.org";
    EXPECT_FALSE(make_self_signed({.names = {name}, .addresses = {}}).certificate.empty());
}

TEST(SelfSigned, refuses_an_address_that_is_none) {
    EXPECT_THROW(make_self_signed({.names = {"a"}, .addresses = {"10.0.0"}}), CertificateError);
}

}  // namespace
}  // namespace st::certificate
