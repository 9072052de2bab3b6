// Coefficients and constants of src/math. Written by tools/coefficients.py, which says how; do not edit.
#pragma once
#include <cstdint>

namespace actinium::math::coefficients {

/// (e^r - 1 - r)/r^2 on |r| <= ln2/2: error 2^-28.2.
inline constexpr double exp_q_f32[] = {0x1.fffffcp-2, 0x1.55548ap-3, 0x1.55584cp-5, 0x1.123f66p-7, 0x1.6ad9c4p-10};
/// (e^r - 1 - r)/r^2 on |r| <= ln2/2: error 2^-57.42.
inline constexpr double exp_q_f64[] = {0x1.000000000000ap-1, 0x1.55555555554fdp-3, 0x1.55555555506acp-5,
    0x1.111111112410fp-7, 0x1.6c16c184a3c04p-10, 0x1.a01a0147a9993p-13, 0x1.a019987a839f2p-16, 0x1.71ded4a3a8f6p-19,
    0x1.28af228f0c7e4p-22, 0x1.ae12c4f16e3dp-26};
/// (e^r - 1 - r)/r^2 on |r| <= ln2: error 2^-29.14.
inline constexpr double expm1_q_f32[] = {0x1p-1, 0x1.55555ep-3, 0x1.55556p-5, 0x1.110ac2p-7, 0x1.6c0e28p-10,
    0x1.a5938ep-13, 0x1.a57a56p-16};
/// (e^r - 1 - r)/r^2 on |r| <= ln2: error 2^-59.81.
inline constexpr double expm1_q_f64[] = {0x1p-1, 0x1.5555555555552p-3, 0x1.555555555555p-5, 0x1.111111111191dp-7,
    0x1.6c16c16c17f12p-10, 0x1.a01a019e79228p-13, 0x1.a01a019d5cf8dp-16, 0x1.71de3cc809edcp-19,
    0x1.27e4fe64a2382p-22, 0x1.ae6096aa436c8p-26, 0x1.1eea4f83a10bfp-29, 0x1.63fb060051d14p-33,
    0x1.9743ef68ae9c5p-37};
/// (2^r - 1)/r on |r| <= 1/2: error 2^-32.45.
inline constexpr double exp2_p_f32[] = {0x1.62e43p-1, 0x1.ebfbep-3, 0x1.c6b06ep-5, 0x1.3b2a6p-7, 0x1.5da5aap-10,
    0x1.440986p-13, 0x1.e065eap-17};
/// (2^r - 1)/r on |r| <= 1/2: error 2^-57.71.
inline constexpr double exp2_p_f64[] = {0x1.62e42fefa39efp-1, 0x1.ebfbdff82c574p-3, 0x1.c6b08d704a1fbp-5,
    0x1.3b2ab6fbaadc8p-7, 0x1.5d87fe786a48bp-10, 0x1.430912dcc5047p-13, 0x1.ffcbfd7f665f4p-17, 0x1.62c09221924ap-20,
    0x1.b522baf893fd8p-24, 0x1.e334a48e972eap-28, 0x1.ed29cd046017fp-32, 0x1.fa1e2b3b4e132p-35};
/// (log(1+f) - f)/f^2 on [-1/4, 1/2]: error 2^-27.51.
inline constexpr double log_q_f32[] = {-0x1p-1, 0x1.5555acp-2, -0x1.000082p-2, 0x1.996708p-3, -0x1.54d684p-3,
    0x1.287768p-3, -0x1.0e9688p-3, 0x1.b20bf6p-4, -0x1.796e6cp-5};
/// (2 atanh(s) - 2s)/s^3 in z = s^2, |s| <= 1/5: error 2^-62.6.
inline constexpr double log_r_f64[] = {0x1.555555555554fp-1, 0x1.999999999c1c2p-2, 0x1.24924921de228p-2,
    0x1.c71c749619e0bp-3, 0x1.745c493d413c5p-3, 0x1.3b35f896d8e3ap-3, 0x1.0dc7c8349218p-3, 0x1.1b9c06d6b47ffp-3};
/// (sin r - r)/r^3 in z = r^2, |r| <= pi/4: error 2^-27.93.
inline constexpr double sin_s_f32[] = {-0x1.555546p-3, 0x1.11076ep-7, -0x1.994e34p-13};
/// (sin r - r)/r^3 in z = r^2, |r| <= pi/4: error 2^-57.89.
inline constexpr double sin_s_f64[] = {-0x1.5555555555548p-3, 0x1.111111110f716p-7, -0x1.a01a019be3bd1p-13,
    0x1.71de354f3321ap-19, -0x1.ae5e460d0d2cp-26, 0x1.5d898e098b084p-33};
/// (cos r - 1 + r^2/2)/r^4 in z = r^2, |r| <= pi/4: error 2^-33.13.
inline constexpr double cos_c_f32[] = {0x1.55554ap-5, -0x1.6c0c1ap-10, 0x1.99e0e8p-16};
/// (cos r - 1 + r^2/2)/r^4 in z = r^2, |r| <= pi/4: error 2^-64.08.
inline constexpr double cos_c_f64[] = {0x1.555555555554bp-5, -0x1.6c16c16c15003p-10, 0x1.a01a019c8b68p-16,
    -0x1.27e4f7ed73112p-22, 0x1.1ee9d81659356p-29, -0x1.8fa42336117afp-37};
/// (tanh x - x)/x^3 in z = x^2, |x| <= 0.3 (f32), 0.625 (f64): error 2^-32.61.
inline constexpr double tanh_s_f32[] = {-0x1.555552p-2, 0x1.110e72p-3, -0x1.b8d23p-5, 0x1.461402p-6};
/// (tanh x - x)/x^3 in z = x^2, |x| <= 0.3 (f32), 0.625 (f64): error 2^-56.52.
inline constexpr double tanh_s_f64[] = {-0x1.5555555555503p-2, 0x1.111111110b071p-3, -0x1.ba1ba1b52d8ecp-5,
    0x1.664f47816cf97p-6, -0x1.226e16cdb1c71p-7, 0x1.d6cf3b46dea47p-9, -0x1.7d695de95def4p-10, 0x1.336a9c01efb6bp-11,
    -0x1.df78691746725p-13, 0x1.43dd0499340ddp-14, -0x1.0e355291c66bfp-16};
/// erf(x)/x - 1 in z = x^2, |x| <= 0.9375 (f32), 1 (f64): error 2^-29.92.
inline constexpr double erf_p_f32[] = {0x1.06eba8p-3, -0x1.81274p-2, 0x1.ce2d6p-4, -0x1.b80088p-6, 0x1.544334p-8,
    -0x1.a5c65cp-11, 0x1.4e7deap-14};
/// erf(x)/x - 1 in z = x^2, |x| <= 0.9375 (f32), 1 (f64): error 2^-56.12.
inline constexpr double erf_p_f64[] = {0x1.06eba8214db69p-3, -0x1.812746b037a27p-2, 0x1.ce2f21a045b8fp-4,
    -0x1.b82ce313661ep-6, 0x1.565bcd2f9bee8p-8, -0x1.c02db9decfa8ap-11, 0x1.f9a3cf39b4eb7p-14,
    -0x1.f4debd5559228p-17, 0x1.ba81d7bac29ecp-20, -0x1.646f67b4834ecp-23, 0x1.180a0d339304p-26,
    -0x1.e45c7dfb6b7ccp-30, 0x1.67eea2f3f4473p-33};
/// -log erfc(a) in a - 2.5 (f32), a - 3.5 (f64); error is that of erf: error 2^-29.19.
inline constexpr double erf_q_f32[] = {0x1.f3a2eap+2, 0x1.569286p+2, 0x1.e34228p-1, 0x1.5d4d9ep-7, -0x1.4ac6f4p-9,
    0x1.fd6164p-14, -0x1.93a4dap-13};
/// -log erfc(a) in a - 2.5 (f32), a - 3.5 (f64); error is that of erf: error 2^-56.85.
inline constexpr double erf_q_f64[] = {0x1.c3991652a170bp+3, 0x1.d107c69144228p+2, 0x1.eefa41a075feap-1,
    0x1.5678032738d75p-8, -0x1.ca0f847c6d19ap-11, 0x1.34edc6ae0ae03p-13, -0x1.9917cf126d2fap-16,
    0x1.0393b6c55ef99p-18, -0x1.4f2c100057139p-21, 0x1.c1ab3442e52a2p-25, -0x1.790d6a2d41405p-27,
    0x1.26cd1617102cp-26, 0x1.1f7130d6e6f2fp-26, 0x1.3827f12ff8624p-27, 0x1.affa521f0f775p-29, 0x1.767c8b962d96ap-31,
    0x1.807f5a6e80f12p-34, 0x1.564fdfbd08e7dp-38};
/// exp(a^2) erfc(a) (1 + 2a) - 1 in t = (a - k)/(a + k), k = 2 (f32), 4 (f64): error 2^-24.97.
inline constexpr double erfc_f_f32[] = {0x1.1ba03ap-2, -0x1.7bf5dcp-4, -0x1.5408acp-3, 0x1.4ff918p-3, -0x1.bbfbc2p-5,
    -0x1.0694eap-7, 0x1.1a7328p-7, 0x1.34c4a6p-10, -0x1.4c0b1cp-10, -0x1.17a842p-12, 0x1.5506e2p-14};
/// exp(a^2) erfc(a) (1 + 2a) - 1 in t = (a - k)/(a + k), k = 2 (f32), 4 (f64): error 2^-55.16.
inline constexpr double erfc_f_f64[] = {0x1.dd2c8b74febf6p-3, -0x1.1df1ad154a28bp-3, 0x1.f7f5df66fdfdp-7,
    0x1.16ecefcfa5077p-4, -0x1.9ddb23c3ed236p-4, 0x1.7fee004e18b84p-4, -0x1.0fb06dfde0ff6p-4, 0x1.3079edf5dbe06p-5,
    -0x1.0962389a9cd7bp-6, 0x1.49c6729fefc2ap-8, -0x1.8d4a84fb24a0bp-11, -0x1.a1df1f52da936p-13,
    0x1.3bdea6734c30ep-13, -0x1.995dfc5eb0036p-16, -0x1.783599671c501p-17, 0x1.7f8c0fa12c351p-18,
    0x1.262a50edbbf4p-22, -0x1.c392ee62f63ccp-21, 0x1.a34f8db530b3fp-24, 0x1.218c33d054e9ep-23,
    -0x1.069b219e6786p-25, -0x1.2d2eb6a168913p-25, 0x1.c02152a0e1069p-30, 0x1.2a7d481bc6e4ap-27,
    0x1.4dba857f1fc32p-29};
/// (atan t - t)/t^3 in z = t^2, |t| <= 1: error 2^-28.49.
inline constexpr double atan_s_f32[] = {-0x1.55553ep-2, 0x1.9991e4p-3, -0x1.242086p-3, 0x1.c08c5p-4, -0x1.58092cp-4,
    0x1.da2a64p-5, -0x1.fd7ed4p-6, 0x1.642566p-7, -0x1.d359fcp-10};
/// (atan t - t)/t^3 in z = t^2, |t| <= 1: error 2^-58.42.
inline constexpr double atan_s_f64[] = {-0x1.555555555554dp-2, 0x1.9999999998c65p-3, -0x1.2492492457696p-3,
    0x1.c71c71b650b38p-4, -0x1.745d15d2c7c35p-4, 0x1.3b139bebfdc29p-4, -0x1.111033578f02bp-4, 0x1.e1d4925e0dfc2p-5,
    -0x1.aeda85d17ce85p-5, 0x1.84b508b88a207p-5, -0x1.5f26274556d1ap-5, 0x1.3908c88d25cfbp-5, -0x1.0c9bdd23addaep-5,
    0x1.ac8dc2b1e96ffp-6, -0x1.31114202ae7b2p-6, 0x1.730347e80784ep-7, -0x1.700379273aec1p-8, 0x1.1a338306a6e8ep-9,
    -0x1.371775b6d7e86p-11, 0x1.b4103b377ba0bp-14, -0x1.22ae33c3768f3p-17};
/// (asin x - x)/x^3 in z = x^2, |x| <= 1/2: error 2^-27.58.
inline constexpr double asin_s_f32[] = {0x1.5555cap-3, 0x1.330162p-4, 0x1.748b78p-5, 0x1.8ba4c6p-6, 0x1.59dcf4p-5};
/// (asin x - x)/x^3 in z = x^2, |x| <= 1/2: error 2^-59.82.
inline constexpr double asin_s_f64[] = {0x1.5555555555578p-3, 0x1.333333332df15p-4, 0x1.6db6db722b74fp-5,
    0x1.f1c71a8b95843p-6, 0x1.6e8bdfe76a23cp-6, 0x1.1c49ddf340df6p-6, 0x1.ca2145864de11p-7, 0x1.757784470fbdfp-7,
    0x1.618ae46874b34p-7, 0x1.e159481adc71ap-9, 0x1.65027457d72a9p-6, -0x1.59f6ef8a55a9dp-6, 0x1.0be4777461bd1p-5};
/// (2 atanh(s) - 2s)/s^3 in z = s^2, |s| <= 1/5, for f32 pow: error 2^-42.2.
inline constexpr double powf_log_r_f64[] = {0x1.555555592df6dp-1, 0x1.99998f12b5661p-2, 0x1.2496f4ce90d2p-2,
    0x1.c54f45860303p-3, 0x1.9c4e81a3739abp-3};
/// (2^r - 1)/r on |r| <= 1/2, for f32 pow: error 2^-34.32.
inline constexpr double powf_exp2_p_f64[] = {0x1.62e42ff0e1d21p-1, 0x1.ebfbe0778363ap-3, 0x1.c6b08abfcab1dp-5,
    0x1.3b29f3a06116fp-7, 0x1.5d8a868da11edp-10, 0x1.445c8147e05cp-13, 0x1.fde56ce87969bp-17};
/// (2 atanh(s) - 2s - 2/3 s^3)/s^5 in z = s^2, |s| <= 0.1716: error 2^-66.21.
inline constexpr double pow_log_t_f64[] = {0x1.9999999999b4p-2, 0x1.2492492455dccp-2, 0x1.c71c7230480c2p-3,
    0x1.745ce8dcdfdf7p-3, 0x1.3b1f1cf8f87eep-3, 0x1.0f7b51f8b176cp-3, 0x1.0e6e8201033b3p-3};
/// (sinh r - r)/r^3 in z = r^2, |r| <= 1.04: error 2^-31.31.
inline constexpr double sinh_s_f32[] = {0x1.555556p-3, 0x1.1110ecp-7, 0x1.a01982p-13, 0x1.77108p-19};
/// (sinh r - r)/r^3 in z = r^2, |r| <= 1.04: error 2^-62.8.
inline constexpr double sinh_s_f64[] = {0x1.5555555555555p-3, 0x1.111111111118fp-7, 0x1.a01a01a00a4e3p-13,
    0x1.71de3a6444d74p-19, 0x1.ae64477b7d7a7p-26, 0x1.612cbaf81fc08p-33, 0x1.a9ace4e8d8408p-41,
    0x1.5bed3146d612cp-48};
/// (cosh r - 1)/r^2 in z = r^2, |r| <= 1.04: error 2^-29.77.
inline constexpr double cosh_c_f32[] = {0x1.fffffep-2, 0x1.5555e2p-5, 0x1.6be702p-10, 0x1.acd1cap-16};
/// (cosh r - 1)/r^2 in z = r^2, |r| <= 1.04: error 2^-66.53.
inline constexpr double cosh_c_f64[] = {0x1p-1, 0x1.5555555555556p-5, 0x1.6c16c16c16ad8p-10, 0x1.a01a01a03649bp-16,
    0x1.27e4fb632d7ap-22, 0x1.1eed9f5dbc666p-29, 0x1.938867bad239p-37, 0x1.b5a6ea57c3babp-45};
/// log 2, in parts of 16 bits and the rest.
inline constexpr double ln2_f32[] = {0x1.62e4p-1, 0x1.7f7d1cp-20};
/// log 2, in parts of 42 bits and the rest.
inline constexpr double ln2_f64[] = {0x1.62e42fefa38p-1, 0x1.ef35793c7673p-45};
/// log10 2, in parts of 16 bits and the rest.
inline constexpr double log10_2_f32[] = {0x1.3442p-2, -0x1.95ec1p-19};
/// log10 2, in parts of 42 bits and the rest.
inline constexpr double log10_2_f64[] = {0x1.34413509f78p-2, 0x1.fef311f12b358p-46};
/// 1/log 2, in parts of 12 bits and the rest.
inline constexpr double log2e_f32[] = {0x1.716p+0, -0x1.7135a8p-13};
/// 1/log 2, in parts of 26 bits and the rest.
inline constexpr double log2e_f64[] = {0x1.7154768p+0, -0x1.6a3e80f444178p-27};
/// 1/log 10, in parts of 12 bits and the rest.
inline constexpr double log10e_f32[] = {0x1.bccp-2, -0x1.09d5b2p-15};
/// 1/log 10, in parts of 26 bits and the rest.
inline constexpr double log10e_f64[] = {0x1.bcb7b18p-2, -0x1.6c8d78e6acaa4p-29};
/// pi/2, in parts of 24 bits and the rest.
inline constexpr double half_pi_f32[] = {0x1.921fb6p+0, -0x1.777a5cp-25};
/// pi/2, in parts of 53 bits and the rest.
inline constexpr double half_pi_f64[] = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54};
/// pi, in parts of 24 bits and the rest.
inline constexpr double pi_f32[] = {0x1.921fb6p+1, -0x1.777a5cp-24};
/// pi, in parts of 53 bits and the rest.
inline constexpr double pi_f64[] = {0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53};
/// pi/2 for the reduction of angles, in parts of 13, 13, 13 bits and the rest.
inline constexpr double turn_f32[] = {0x1.922p+0, -0x1.2afp-18, 0x1.0b4p-34, 0x1.84698ap-48};
/// pi/2 for the reduction of angles, in parts of 33, 33, 33 bits and the rest.
inline constexpr double turn_f64[] = {0x1.921fb544p+0, 0x1.0b4611a6p-34, 0x1.3198a2ep-69, 0x1.b839a252049c1p-104};
/// 2/3, in parts of 53 bits and the rest.
inline constexpr double two_thirds_f64[] = {0x1.5555555555555p-1, 0x1.5555555555555p-55};
/// 1/log 2 in two full parts, in parts of 53 bits and the rest.
inline constexpr double log2e_wide_f64[] = {0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56};
/// 1/log 2.
inline constexpr double inverse_ln2 = 0x1.71547652b82fep+0;
/// 2/pi.
inline constexpr double inverse_half_pi = 0x1.45f306dc9c883p-1;
/// tanh(19/32 k), k = 0..15, in two parts.
inline constexpr double tanh_anchor[] = {0x0p+0, 0x1.10af48p-1, 0x1.a8dbccp-1, 0x1.e3c0bp-1, 0x1.f73776p-1,
    0x1.fd4e2p-1, 0x1.ff2d36p-1, 0x1.ffbfaep-1, 0x1.ffec62p-1, 0x1.fffa04p-1, 0x1.fffe2cp-1, 0x1.ffff72p-1,
    0x1.ffffd4p-1, 0x1.fffff2p-1, 0x1.fffffcp-1, 0x1.fffffep-1};
inline constexpr double tanh_anchor_low[] = {0x0p+0, -0x1.f409fp-29, -0x1.e73b42p-28, -0x1.e81eb4p-26,
    0x1.65545cp-26, -0x1.4d3f36p-26, 0x1.69a05cp-26, -0x1.de4f54p-27, -0x1.b0cb8cp-26, 0x1.3fd2e4p-30,
    0x1.8ab262p-26, -0x1.fd74f4p-27, 0x1.14cfeap-26, 0x1.7dc4ap-26, -0x1.5af204p-30, 0x1.88c83p-26};
/// The bits of 2/pi after 64 zeros, 32 in each, for the reduction of huge angles.
inline constexpr std::uint64_t inverse_half_pi_bits[] = {0x0, 0x0, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0,
    0xdb629599, 0x3c439041, 0xfe5163ab, 0xdebbc561, 0xb7246e3a, 0x424dd2e0, 0x6492eea, 0x9d1921c, 0xfe1deb1c,
    0xb129a73e, 0xe88235f5, 0x2ebb4484, 0xe99c7026, 0xb45f7e41, 0x3991d639, 0x835339f4, 0x9c845f8b, 0xbdf9283b,
    0x1ff897ff, 0xde05980f, 0xef2f118b, 0x5a0a6d1f, 0x6d367ecf, 0x27cb09b7, 0x4f463f66, 0x9e5fea2d, 0x7527bac7,
    0xebe5f17b, 0x3d0739f7, 0x8a5292ea, 0x6bfb5fb1, 0x1f8d5d08, 0x56033046, 0xfc7b6bab};

}  // namespace actinium::math::coefficients
