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
/// (e^r - 1 - r)/r^2 on |r| <= 0.7 ln2: error 2^-26.18.
inline constexpr double expm1_q_f32[] = {0x1.000002p-1, 0x1.555572p-3, 0x1.5551b2p-5, 0x1.10ed64p-7, 0x1.6f4e42p-10,
    0x1.c1525ap-13};
/// (e^r - 1 - r)/r^2 on |r| <= 0.7 ln2: error 2^-58.7.
inline constexpr double expm1_q_f64[] = {0x1p-1, 0x1.5555555555564p-3, 0x1.5555555555573p-5, 0x1.111111110da2p-7,
    0x1.6c16c16c08b55p-10, 0x1.a01a01b0cbfbdp-13, 0x1.a01a01e4e31c8p-16, 0x1.71de16f2bca5ep-19,
    0x1.27e4691511d2ap-22, 0x1.aea83ed634935p-26, 0x1.2007ae6833257p-29, 0x1.312b037541465p-33};
/// (2^r - 1 - r log 2)/r^2 on |r| <= 1/2: error 2^-31.33.
inline constexpr double exp2_q_f32[] = {0x1.ebfbep-3, 0x1.c6b06ep-5, 0x1.3b2a54p-7, 0x1.5db55p-10, 0x1.441796p-13,
    0x1.c3e6eap-17};
/// (2^r - 1 - r log 2)/r^2 on |r| <= 1/2: error 2^-63.24.
inline constexpr double exp2_q_f64[] = {0x1.ebfbdff82c58fp-3, 0x1.c6b08d704a0c9p-5, 0x1.3b2ab6fba4d1cp-7,
    0x1.5d87fe78a32d7p-10, 0x1.430912f8d59dap-13, 0x1.ffcbfc721588p-17, 0x1.62c0208af5cc2p-20, 0x1.b524e2103cf5ep-24,
    0x1.e4d56fed38a89p-28, 0x1.e9fb12e8e547ep-32, 0x1.bbeb8709849fap-36};
/// (log(1+f) - f + f^2/2)/f^3 on [-0.293, 0.4143]: error 2^-27.34.
inline constexpr double log_q_f32[] = {0x1.555554p-2, -0x1.00022ap-2, 0x1.99a02ep-3, -0x1.5471a6p-3, 0x1.22d6c8p-3,
    -0x1.0d879ap-3, 0x1.057232p-3, -0x1.38e1p-4};
/// (log(1+f) - f + f^2/2)/f^3 on [-1/4, 1/2]: error 2^-26.77.
inline constexpr double log1p_q_f32[] = {0x1.5555a2p-2, -0x1.fffddap-3, 0x1.9965f8p-3, -0x1.555216p-3, 0x1.296d1p-3,
    -0x1.0a99fcp-3, 0x1.963b6ap-4, -0x1.4c408ap-5};
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
/// (tanh x - x)/x^3 in z = x^2, |x| <= 0.46875 (f32), 0.625 (f64): error 2^-26.9.
inline constexpr double tanh_s_f32[] = {-0x1.555508p-2, 0x1.10f5ecp-3, -0x1.b42398p-5, 0x1.22864ep-6};
/// (tanh x - x)/x^3 in z = x^2, |x| <= 0.46875 (f32), 0.625 (f64): error 2^-56.52.
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
/// -log erfc(a) in a - 0.9375 (f32), a - 1 (f64); error is that of erf: error 2^-28.66.
inline constexpr double erf_q_f32[] = {0x1.b01db2p+0, 0x1.445cap+1, 0x1.ab8e86p-1, 0x1.69983ap-5, -0x1.5bb79cp-7,
    0x1.04876ap-9, -0x1.b3422ep-13};
/// -log erfc(a) in a - 0.9375 (f32), a - 1 (f64); error is that of erf: error 2^-56.83.
inline constexpr double erf_q_f64[] = {0x1.d97fbf27aa2a1p+0, 0x1.51c9b0006c22ap+1, 0x1.afabc11a2a719p-1,
    0x1.5477f09a4237cp-5, -0x1.48c9d39301be4p-7, 0x1.033f5bb85d4a6p-9, -0x1.f1b0aa1f860dbp-13,
    -0x1.b926568d7695dp-16, 0x1.c8452d0a2d195p-16, -0x1.4461259ea0006p-17, 0x1.1d9d098ea3583p-19,
    -0x1.b1d0f7e4980a6p-23, -0x1.fececedd0f1b9p-25, 0x1.238314fa67d99p-25, -0x1.299f865934cafp-27,
    0x1.71721e0014542p-30, -0x1.0c1200242f119p-33, 0x1.5ec2f31496a21p-38};
/// (exp(a^2) erfc(a) (1 + 2a) - 1)/v in v - 1, v = 2a/(a + k), k = 2 (f32), 4 (f64): error 2^-26.38.
inline constexpr double erfc_f_f32[] = {0x1.1ba038p-2, -0x1.7a9dbap-2, 0x1.a13426p-3, -0x1.44dfa4p-5, -0x1.dd9f52p-7,
    0x1.a9b9f4p-8, 0x1.2c8bd8p-9, -0x1.a45714p-11, -0x1.89e6cp-11, -0x1.6b6fcep-13, 0x1.3495fap-12, 0x1.b91068p-13};
/// (exp(a^2) erfc(a) (1 + 2a) - 1)/v in v - 1, v = 2a/(a + k), k = 2 (f32), 4 (f64): error 2^-55.43.
inline constexpr double erfc_f_f64[] = {0x1.dd2c8b74febf6p-3, -0x1.7d8f1c452474ap-2, 0x1.8d4ecb405c64dp-2,
    -0x1.47938f4c72d17p-2, 0x1.c0398cb6eee19p-3, -0x1.00428c8ffc83ep-3, 0x1.e1a956443b26dp-5, -0x1.625ed08d553dp-6,
    0x1.63f25fcfb60c2p-8, -0x1.a2befbe2e89b4p-12, -0x1.77d618b789aa7p-12, 0x1.4dcf279848143p-13,
    -0x1.1ef9781c0072bp-17, -0x1.0a2735ff17027p-16, 0x1.3785e732e6b2ap-18, 0x1.2c0f7637ad9p-20,
    -0x1.b202d70273992p-21, -0x1.db0deed3209d2p-24, 0x1.174fefe777627p-23, 0x1.6dcfad56b2ab2p-24,
    -0x1.6b39ca2ff6be4p-27, -0x1.0a2c223266dafp-24, -0x1.0ae11588b2d57p-26, 0x1.4cd9ef0f41615p-26,
    0x1.27dd10a7aaf07p-27};
/// (atan t - t)/t^3 in w = t^2 - 1/2, |t| <= 1: error 2^-23.84.
inline constexpr double atan_s_f32[] = {-0x1.09615ep-2, 0x1.c5e57ap-4, -0x1.c10cc4p-5, 0x1.de329ap-6, -0x1.0a1392p-6,
    0x1.14bc08p-7, -0x1.0dd4ccp-8, 0x1.9c4b44p-8, -0x1.c2731cp-8};
/// (atan t - t)/t^3 in w = t^2 - 1/2, |t| <= 1: error 2^-55.24.
inline constexpr double atan_s_f64[] = {-0x1.09615e90afcd2p-2, 0x1.c5e5c41d92eb4p-4, -0x1.c10b0d776d057p-5,
    0x1.dd5caa4d0fe8fp-6, -0x1.08fa5f924e363p-6, 0x1.2ee0b5e8fdf49p-7, -0x1.618d99abdfd3ep-8, 0x1.a3528ee531e8p-9,
    -0x1.f7906005f3312p-10, 0x1.31681a0fd63b2p-10, -0x1.7585b8172f20dp-11, 0x1.cc76dd76eff94p-12,
    -0x1.1d9f6a0b46189p-12, 0x1.5d02066155dccp-13, -0x1.a8b422e341ae2p-14, 0x1.481bbc8ab298fp-14,
    -0x1.014cfd35c9e8dp-14, -0x1.75e7efae54dfep-20, 0x1.e1ff3dba531bep-16, 0x1.507d50ba9797cp-15,
    -0x1.b6291f5245024p-15};
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
/// log 2, in parts of 12 bits and the rest.
inline constexpr double ln2_half_f32[] = {0x1.62ep-1, 0x1.0bfbe8p-15};
/// log 2, in parts of 26 bits and the rest.
inline constexpr double ln2_half_f64[] = {0x1.62e43p-1, -0x1.05c610ca86c39p-29};
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
/// pi/2 for the reduction of angles, in parts of 24, 24 bits and the rest.
inline constexpr double turn_f32[] = {0x1.921fb6p+0, -0x1.777a5cp-25, -0x1.ee59dap-50};
/// pi/2 for the reduction of angles, in parts of 53, 53 bits and the rest.
inline constexpr double turn_f64[] = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54, -0x1.f1976b7ed8fbcp-110};
/// 2/3, in parts of 53 bits and the rest.
inline constexpr double two_thirds_f64[] = {0x1.5555555555555p-1, 0x1.5555555555555p-55};
/// 1/log 2 in two full parts, in parts of 53 bits and the rest.
inline constexpr double log2e_wide_f64[] = {0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56};
/// 1/log 2.
inline constexpr double inverse_ln2 = 0x1.71547652b82fep+0;
/// 2/pi.
inline constexpr double inverse_half_pi = 0x1.45f306dc9c883p-1;
/// The anchors of tanh in f32, and tanh of them in two parts.
inline constexpr double tanh_anchor[] = {0x0p+0, 0x1p-1, 0x1.4p-1, 0x1.8p-1, 0x1.cp-1, 0x1p+0, 0x1.4p+0, 0x1.8p+0,
    0x1.cp+0, 0x1p+1, 0x1.4p+1, 0x1.8p+1, 0x1.cp+1, 0x1p+2, 0x1.4p+2, 0x1.8p+2, 0x1.cp+2, 0x1p+3, 0x1.4p+3};
inline constexpr double tanh_of_anchor[] = {0x0p+0, 0x1.d9353ep-2, 0x1.1bf47ep-1, 0x1.45323ep-1, 0x1.68665p-1,
    0x1.85efacp-1, 0x1.b2523cp-1, 0x1.cf6f98p-1, 0x1.e1fbfap-1, 0x1.ed9506p-1, 0x1.f92582p-1, 0x1.fd77d2p-1,
    0x1.ff112cp-1, 0x1.ffa818p-1, 0x1.fff41ap-1, 0x1.fffe64p-1, 0x1.ffffc8p-1, 0x1.fffff8p-1, 0x1p+0};
inline constexpr double tanh_of_anchor_low[] = {0x0p+0, -0x1.152ea2p-27, 0x1.5771f2p-26, 0x1.54bc8ap-27,
    0x1.718402p-26, -0x1.5d618ep-26, -0x1.253484p-27, -0x1.e482a2p-27, -0x1.03995cp-26, -0x1.e43c2cp-29,
    0x1.829c7p-27, -0x1.dcbeap-26, 0x1.8ea41ep-27, -0x1.eebe98p-26, -0x1.32e41ep-26, -0x1.5076b2p-27, 0x1.93a878p-28,
    0x1.caa47ep-27, -0x1.1b4866p-28};
/// 1 - tanh^2 of them.
inline constexpr double sech2_of_anchor[] = {0x1p+0, 0x1.92a946p-1, 0x1.6284c4p-1, 0x1.3173b2p-1, 0x1.02500ap-1,
    0x1.ae0dcp-2, 0x1.1f2514p-2, 0x1.721652p-3, 0x1.d22ca2p-4, 0x1.2162c2p-4, 0x1.b3afe2p-6, 0x1.434a52p-7,
    0x1.dd37d2p-9, 0x1.5f85aep-10, 0x1.7ccec2p-13, 0x1.9c5378p-16, 0x1.be6c4p-19, 0x1.e355b4p-22, 0x1.1b4866p-27};
/// The bits of 2/pi after 64 zeros, 32 in each, for the reduction of huge angles.
inline constexpr std::uint64_t inverse_half_pi_bits[] = {0x0, 0x0, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0,
    0xdb629599, 0x3c439041, 0xfe5163ab, 0xdebbc561, 0xb7246e3a, 0x424dd2e0, 0x6492eea, 0x9d1921c, 0xfe1deb1c,
    0xb129a73e, 0xe88235f5, 0x2ebb4484, 0xe99c7026, 0xb45f7e41, 0x3991d639, 0x835339f4, 0x9c845f8b, 0xbdf9283b,
    0x1ff897ff, 0xde05980f, 0xef2f118b, 0x5a0a6d1f, 0x6d367ecf, 0x27cb09b7, 0x4f463f66, 0x9e5fea2d, 0x7527bac7,
    0xebe5f17b, 0x3d0739f7, 0x8a5292ea, 0x6bfb5fb1, 0x1f8d5d08, 0x56033046, 0xfc7b6bab};

}  // namespace actinium::math::coefficients
