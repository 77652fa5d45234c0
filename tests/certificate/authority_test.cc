#include "certificate/authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace st::certificate {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const Limits kLimits{{"box", "box.local"}, {"127.0.0.0/8", "10.2.0.0/15", "fd00::/8", "::1/128"}};

CertificateAndKey authority(const std::string& key = "") {
    return make_authority({"box", kLimits, {hours(-24), hours(1000)}, key});
}

ServerWanted server(std::vector<std::string> names, std::vector<std::string> addresses) {
    return {std::move(names), std::move(addresses), {hours(-24), hours(100)}};
}

TEST(Authority, is_a_pair_of_pem_texts_that_is_never_the_same_twice) {
    const CertificateAndKey one = authority();
    EXPECT_THAT(one.certificate, StartsWith("-----BEGIN CERTIFICATE-----\n"));
    EXPECT_THAT(one.key, StartsWith("-----BEGIN PRIVATE KEY-----\n"));
    const CertificateAndKey other = authority();
    EXPECT_NE(one.key, other.key);
    EXPECT_NE(one.certificate, other.certificate);
    EXPECT_TRUE(belong_together(one));
    EXPECT_FALSE(belong_together({one.certificate, other.key}));
}

TEST(Authority, says_what_it_is_limited_to) {
    const Facts facts = read(authority().certificate);
    EXPECT_EQ(facts.limits.names, kLimits.names);
    EXPECT_EQ(facts.limits.networks, kLimits.networks);
    EXPECT_EQ(facts.fingerprint.size(), 95U);
}

TEST(Authority, vouches_for_what_lies_within_its_limits) {
    const CertificateAndKey issuer = authority();
    const auto made = make_server_certificate(
        server({"box.local", "box"}, {"127.0.0.1", "10.3.4.5", "fd12::1", "::1"}), issuer);
    EXPECT_EQ(why_refused(made.certificate, issuer.certificate), "");
    const Facts facts = read(made.certificate);
    EXPECT_THAT(facts.names, ElementsAre("box", "box.local"));
    EXPECT_THAT(facts.addresses, ElementsAre("10.3.4.5", "127.0.0.1", "::1", "fd12::1"));
    EXPECT_TRUE(belong_together(made));
}

TEST(Authority, is_refused_for_anything_else) {
    const CertificateAndKey issuer = authority();
    for (const auto& wanted :
         {server({"example.org"}, {}), server({"notbox"}, {}), server({"box", "local"}, {}),
          server({"box"}, {"10.4.0.1"}), server({"box"}, {"192.0.2.1"}),
          server({"box"}, {"fe00::1"}), server({}, {"11.2.0.1"})}) {
        const auto made = make_server_certificate(wanted, issuer);
        EXPECT_THAT(why_refused(made.certificate, issuer.certificate), HasSubstr("permitted"))
            << testing::PrintToString(wanted.names) << testing::PrintToString(wanted.addresses);
    }
}

TEST(Authority, is_refused_when_it_is_another_or_over) {
    const CertificateAndKey issuer = authority();
    auto wanted = server({"box"}, {});
    const auto made = make_server_certificate(wanted, issuer);
    EXPECT_NE(why_refused(made.certificate, authority().certificate), "");
    wanted.validity.until = hours(-1);
    EXPECT_THAT(
        why_refused(make_server_certificate(wanted, issuer).certificate, issuer.certificate),
        HasSubstr("expired"));
}

TEST(Authority, is_asked_for_the_time_that_is_meant) {
    const CertificateAndKey issuer = authority();
    auto wanted = server({"box"}, {});
    wanted.validity = {hours(1), hours(2)};
    const std::string made = make_server_certificate(wanted, issuer).certificate;
    const auto now = std::chrono::system_clock::now();
    EXPECT_THAT(why_refused(made, issuer.certificate), HasSubstr("not yet valid"));
    EXPECT_EQ(why_refused(made, issuer.certificate, now + std::chrono::minutes(90)), "");
    EXPECT_THAT(why_refused(made, issuer.certificate, now + hours(3)), HasSubstr("expired"));
    EXPECT_EQ(read(made).expires - read(made).begins, hours(1));
}

TEST(Authority, made_anew_with_its_key_still_vouches_for_earlier_certificates) {
    const CertificateAndKey first = authority();
    const auto made = make_server_certificate(server({"box"}, {"10.2.0.1"}), first);
    const CertificateAndKey second = authority(first.key);
    EXPECT_EQ(second.key, first.key);
    EXPECT_EQ(why_refused(made.certificate, second.certificate), "");
}

TEST(Authority, a_name_longer_than_a_common_name_may_be_is_taken) {
    const std::string name = std::string(60, 'a') + ".box.local";
    const CertificateAndKey issuer = authority();
    const auto made = make_server_certificate(server({name}, {}), issuer);
    EXPECT_THAT(read(made.certificate).names, ElementsAre(name));
    EXPECT_EQ(why_refused(made.certificate, issuer.certificate), "");
}

TEST(Authority, refuses_what_is_no_address_network_certificate_or_key) {
    const CertificateAndKey issuer = authority();
    EXPECT_THROW(make_server_certificate(server({"a"}, {"10.0.0"}), issuer), CertificateError);
    EXPECT_THROW(make_server_certificate(server({"a"}, {}), {issuer.certificate, "x"}),
                 CertificateError);
    for (const char* network : {"10.0.0.0", "10.0.0.0/33", "box/8", "/8", "10.0.0/8"}) {
        EXPECT_THROW(make_authority({"box", {{}, {network}}, {}, ""}), CertificateError) << network;
    }
    EXPECT_THROW(read("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
                 CertificateError);
    EXPECT_THROW(read(""), CertificateError);
    EXPECT_THROW(belong_together({issuer.certificate, ""}), CertificateError);
}

}  // namespace
}  // namespace st::certificate
