// Coefficients and constants of src/math. Written by tools/coefficients.py, which says how; do not edit.
#pragma once
// clang-format off
#include <cstdint>

namespace actinium::math::coefficients {

/// (e^r - 1 - r)/r^2 on |r| <= ln2/2: error 2^-57.58.
inline constexpr double exp_q_f64[] = {0x1.000000000000ap-1, 0x1.55555555554f8p-3, 0x1.5555555550739p-5,
    0x1.111111112824p-7, 0x1.6c16c1846e069p-10, 0x1.a01a0128b4f5fp-13, 0x1.a0199948b6152p-16, 0x1.71df27c9f55a3p-19,
    0x1.28ae30a49d0c2p-22, 0x1.ad7d75b6d9eedp-26};
/// (e^r - 1 - r)/r^2 on |r| <= ln2/32: error 2^-29.22.
inline constexpr double exp_t_f32[] = {0x1.00022p-1, 0x1.55559cp-3};
/// (e^r - 1 - r - r^2/2)/r^3 on |r| <= 0.7 ln2: error 2^-27.79.
inline constexpr double expm1_q_f32[] = {0x1.555552p-3, 0x1.5553d6p-5, 0x1.1113bcp-7, 0x1.6e6194p-10, 0x1.9f657p-13};
/// (e^r - 1 - r - r^2/2)/r^3 on |r| <= 0.7 ln2: error 2^-60.02.
inline constexpr double expm1_q_f64[] = {0x1.5555555555556p-3, 0x1.5555555555589p-5, 0x1.1111111110fb2p-7,
    0x1.6c16c16c02cfbp-10, 0x1.a01a01a07bde9p-13, 0x1.a01a01f5736c1p-16, 0x1.71de3993a4a5fp-19, 0x1.27e456173d69p-22,
    0x1.ae657f520545fp-26, 0x1.20170954506p-29, 0x1.6108111e91939p-33};
/// (2^r - 1 - r log 2)/r^2 on |r| <= 1/2: error 2^-31.91.
inline constexpr double exp2_q_f32[] = {0x1.ebfbep-3, 0x1.c6b08cp-5, 0x1.3b2a1ap-7, 0x1.5d8978p-10, 0x1.44565ep-13,
    0x1.fe7b22p-17};
/// (2^r - 1 - r log 2)/r^2 on |r| <= 1/2: error 2^-60.83.
inline constexpr double exp2_q_f64[] = {0x1.ebfbdff82c58fp-3, 0x1.c6b08d704a0c8p-5, 0x1.3b2ab6fba4e18p-7,
    0x1.5d87fe78a378bp-10, 0x1.430912f883763p-13, 0x1.ffcbfc70a9dc3p-17, 0x1.62c021df62357p-20,
    0x1.b524e4dc9d8e2p-24, 0x1.e4d0825080346p-28, 0x1.e9f73bb9fa57cp-32, 0x1.c2a6d7d5185c3p-36};
/// (log(1+f) - f + f^2/2)/f^3 on [-0.293, 0.4143]: error 2^-27.33.
inline constexpr double ln_q_f32[] = {0x1.555554p-2, -0x1.000228p-2, 0x1.99a014p-3, -0x1.547202p-3, 0x1.22d914p-3,
    -0x1.0d86ecp-3, 0x1.056468p-3, -0x1.38c3eep-4};
/// the same for log2 and log10, which have less error to spare: error 2^-29.8.
inline constexpr double log_q_f32[] = {0x1.555548p-2, -0x1.000006p-2, 0x1.99a4b2p-3, -0x1.555c5ep-3, 0x1.2336f4p-3,
    -0x1.fc1f6cp-4, 0x1.e6f4dep-4, -0x1.de4f46p-4, 0x1.146554p-4};
/// (log(1+f) - f + f^2/2)/f^3 on [-1/4, 1/2]: error 2^-29.51.
inline constexpr double log1p_q_f32[] = {0x1.55555ap-2, -0x1.00006ep-2, 0x1.999784p-3, -0x1.5519bep-3, 0x1.246088p-3,
    -0x1.04aa18p-3, 0x1.df42f8p-4, -0x1.75684ap-4, 0x1.34a0fcp-5};
/// (log(1+g) - g)/g^2 on [-3/80, 1/8] (f32), [-3/80, 1/16]: error 2^-29.08.
inline constexpr double log1p_t_f32[] = {-0x1p-1, 0x1.55561ep-2, -0x1.0003p-2, 0x1.9590a6p-3, -0x1.15d234p-3};
/// (log(1+g) - g)/g^2 on [-3/80, 1/8] (f32), [-3/80, 1/16]: error 2^-55.62.
inline constexpr double log1p_t_f64[] = {-0x1.fffffffffffe6p-2, 0x1.55555555562b9p-2, -0x1.0000000039d9ep-2,
    0x1.99999981ef03cp-3, -0x1.555550ed06632p-3, 0x1.24929b2c07427p-3, -0x1.00107e4098266p-3, 0x1.c6ff6f2814bfbp-4,
    -0x1.703bbc254f847p-4};
/// (1/(1 + f) - 1)/f on [-1/4, 1/2]; f64 takes the same: error 2^-6.23.
inline constexpr double inverse_p_f32[] = {-0x1.110e9ep+0, 0x1.b4e232p-1};
/// (2 atanh(s) - 2s)/s^3 in z = s^2, |s| <= 1/5: error 2^-61.96.
inline constexpr double log_r_f64[] = {0x1.555555555554fp-1, 0x1.999999999c25bp-2, 0x1.24924921d6f7cp-2,
    0x1.c71c749b27b0dp-3, 0x1.745c4841aac92p-3, 0x1.3b3613fcaee8ep-3, 0x1.0dc6374231d22p-3, 0x1.1ba5656079e44p-3};
/// (sin r - r)/r^3 in z = r^2, |r| <= pi/4: error 2^-27.76.
inline constexpr double sin_s_f32[] = {-0x1.555546p-3, 0x1.11074ep-7, -0x1.993d6ep-13};
/// (sin r - r)/r^3 in z = r^2, |r| <= pi/4: error 2^-57.74.
inline constexpr double sin_s_f64[] = {-0x1.5555555555548p-3, 0x1.111111110f73ep-7, -0x1.a01a019be8963p-13,
    0x1.71de3552cc5d6p-19, -0x1.ae5e485e4a36ap-26, 0x1.5d8a17b385e43p-33};
/// (cos r - 1 + r^2/2)/r^4 in z = r^2, |r| <= pi/4: error 2^-33.01.
inline constexpr double cos_c_f32[] = {0x1.55554ap-5, -0x1.6c0c44p-10, 0x1.99f364p-16};
/// (cos r - 1 + r^2/2)/r^4 in z = r^2, |r| <= pi/4: error 2^-63.65.
inline constexpr double cos_c_f64[] = {0x1.555555555554bp-5, -0x1.6c16c16c15026p-10, 0x1.a01a019c8f1adp-16,
    -0x1.27e4f7efee6cdp-22, 0x1.1ee9d99c662a3p-29, -0x1.8fa4d6481d29p-37};
/// (tanh x - x)/x^3 in z = x^2, |x| <= 0.19; to 0.255 to fewer bits: error 2^-29.41.
inline constexpr double tanh_s_f32[] = {-0x1.55553p-2, 0x1.10eep-3, -0x1.a7be22p-5};
/// erf(x)/x - 1 in x^2 - 1/2, |x| <= 0.9375 (f32), 1 (f64): error 2^-28.63.
inline constexpr double erf_p_f32[] = {-0x1.1ae14ep-5, -0x1.1fd162p-2, 0x1.454376p-4, -0x1.2b8fa8p-6, 0x1.c8093cp-9,
    -0x1.278826p-11, 0x1.5bfc24p-14};
/// erf(x)/x - 1 in x^2 - 1/2, |x| <= 0.9375 (f32), 1 (f64): error 2^-57.69.
inline constexpr double erf_p_f64[] = {-0x1.1ae14dc34815ap-5, -0x1.1fd16292151fdp-2, 0x1.454368017b042p-4,
    -0x1.2b902b7b2f2aep-6, 0x1.c82aa249df4fbp-9, -0x1.263991b802ee1p-11, 0x1.486638bc8ab63p-14,
    -0x1.429e93e66971p-17, 0x1.1ad5ee1a5a2c8p-20, -0x1.bf8d2c7231341p-24, 0x1.428e584470afp-27,
    -0x1.acbabcf279ab5p-31, 0x1.062769a86b9b5p-34};
/// -log erfc(a) in a - 0.9375 (f32), a - 1 (f64); error is that of erf: error 2^-27.59.
inline constexpr double erf_q_f32[] = {0x1.b01db2p+0, 0x1.445c94p+1, 0x1.ab907cp-1, 0x1.69278p-5, -0x1.58ec32p-7,
    0x1.f98ebap-10, -0x1.949e46p-13};
/// -log erfc(a) in a - 0.9375 (f32), a - 1 (f64); error is that of erf: error 2^-55.92.
inline constexpr double erf_q_f64[] = {0x1.d97fbf27aa2a1p+0, 0x1.51c9b0006c21ap+1, 0x1.afabc11a2afefp-1,
    0x1.5477f099b522fp-5, -0x1.48c9d37f81eb4p-7, 0x1.033f5a0d33086p-9, -0x1.f1b0493528654p-13,
    -0x1.b92df51b34867p-16, 0x1.c852dc12811c9p-16, -0x1.4484e77b6404p-17, 0x1.1e266c590749bp-19,
    -0x1.b7e57f9e78eefp-23, -0x1.f22e3e1157e66p-25, 0x1.1ec75a122cb08p-25, -0x1.24a696d8ba1bcp-27,
    0x1.6a852af915217p-30, -0x1.06574551109c8p-33, 0x1.5641c69a8a317p-38};
/// (exp(a^2) erfc(a) (1 + 3/2 a) - 1)/v in v - 1, v = 2a/(a + 4): error 2^-56.93.
inline constexpr double erfc_f_f64[] = {-0x1.4fe731b075ac9p-5, -0x1.0720069d944c6p-3, 0x1.8ebb93ae4c4fbp-3,
    -0x1.7a3c537e15ee7p-3, 0x1.16d42b9b6991p-3, -0x1.4e552ccd733a5p-4, 0x1.453b6cde9eb43p-5, -0x1.ecb79e9be18d3p-7,
    0x1.ff9d1d0d7b5abp-9, -0x1.5918085887c4p-12, -0x1.008c45b4af144p-12, 0x1.e23444180217bp-14,
    -0x1.00564cfce07f7p-17, -0x1.75a711bc56ddfp-17, 0x1.cfe23590df61fp-19, 0x1.84a334a4adf2fp-21,
    -0x1.357f7c468a4e1p-21, -0x1.43249cd7719p-26, 0x1.681e8ae1a5e95p-24, -0x1.29a0fba02f3ep-28,
    -0x1.9da23814a6876p-27, 0x1.02341a736ced4p-30, 0x1.b11b91819a1dp-30, -0x1.2aca1e90a97c5p-34,
    -0x1.0f41e748881e4p-33};
/// exp(a^2) erfc(a) (a + 4) in (a - 4)/(a + 4), for f32 erfc: error 2^-30.17.
inline constexpr double erfcf_g_f64[] = {0x1.18932bf02bc0bp+0, -0x1.f3fe32786d959p-1, 0x1.8be2039aba5c4p-1,
    -0x1.14eaada81f94ep-1, 0x1.52cab3d9c9a7p-2, -0x1.6466cd404ea05p-3, 0x1.38d33a2521c8fp-4, -0x1.aed1c17a784bp-6,
    0x1.9751496983dd6p-8, -0x1.9b6123f4ee817p-12, -0x1.8d330fd45e708p-11};
/// (e^r - 1 - r)/r^2 on |r| <= ln2/2, for f32 erfc: error 2^-28.27.
inline constexpr double erfcf_exp_q_f64[] = {0x1.fffffb8bbc376p-2, 0x1.55548fdea3f2ep-3, 0x1.5558f9aad4682p-5,
    0x1.123afce4778cbp-7, 0x1.6a218cb4ab0e2p-10};
/// (atan t - t)/t^3 in w = t^2 - 1/2, |t| <= 1: error 2^-27.59.
inline constexpr double atan_s_f32[] = {-0x1.09615ep-2, 0x1.c5e5b8p-4, -0x1.c10caep-5, 0x1.dd6a2ep-6, -0x1.08a728p-6,
    0x1.2c7e98p-7, -0x1.6a8c94p-8, 0x1.ea3bcp-9, -0x1.d63634p-10};
/// (atan t - t)/t^3 in w = t^2 - 1/2, |t| <= 1: error 2^-58.0.
inline constexpr double atan_s_f64[] = {-0x1.09615e90afcd2p-2, 0x1.c5e5c41d92f2dp-4, -0x1.c10b0d776d026p-5,
    0x1.dd5caa4ced336p-6, -0x1.08fa5f922aa4bp-6, 0x1.2ee0b5ffd8c4fp-7, -0x1.618d99ecdd03cp-8, 0x1.a352816b42cbfp-9,
    -0x1.f7903494b357dp-10, 0x1.316a3a0bf2d53p-10, -0x1.758d07ede7402p-11, 0x1.cc132f8906a9dp-12,
    -0x1.1ced0c3f48e1fp-12, 0x1.6279c9aa04249p-13, -0x1.bcc8878c16ff2p-14, 0x1.1ada67657295p-14,
    -0x1.596501d357dffp-15, 0x1.7f53ebea995adp-16, -0x1.20519e6cdf59dp-16, 0x1.22be78e333198p-16,
    -0x1.2261e10d0e796p-17};
/// (asin x - x)/x^3 in z = x^2, |x| <= 1/2: error 2^-27.51.
inline constexpr double asin_s_f32[] = {0x1.5555cap-3, 0x1.33013cp-4, 0x1.748ee2p-5, 0x1.8b887ep-6, 0x1.59f256p-5};
/// (asin x - x)/x^3 in z = x^2, |x| <= 1/2: error 2^-59.57.
inline constexpr double asin_s_f64[] = {0x1.5555555555578p-3, 0x1.333333332defap-4, 0x1.6db6db722c727p-5,
    0x1.f1c71a8b462e5p-6, 0x1.6e8bdfeef89d8p-6, 0x1.1c49dd7afbc85p-6, 0x1.ca214fad9ea8ep-7, 0x1.75773865b21adp-7,
    0x1.618c6cf35bd17p-7, 0x1.e143b746446cp-9, 0x1.65089a6b0cb02p-6, -0x1.59ff2441aab78p-6, 0x1.0be6e60ffa6e6p-5};
/// (2 atanh(s) - 2s)/s^3 in z = s^2, |s| <= 1/5, for f32 pow: error 2^-42.2.
inline constexpr double powf_log_r_f64[] = {0x1.555555592df6dp-1, 0x1.99998f12b5654p-2, 0x1.2496f4ce910e1p-2,
    0x1.c54f4585f8a8fp-3, 0x1.9c4e81a3a3a28p-3};
/// (2^r - 1)/r on |r| <= 1/2, for f32 pow: error 2^-34.32.
inline constexpr double powf_exp2_p_f64[] = {0x1.62e42ff0e1d21p-1, 0x1.ebfbe07783625p-3, 0x1.c6b08abfcaa98p-5,
    0x1.3b29f3a061f8dp-7, 0x1.5d8a868da6bc6p-10, 0x1.445c814752c7ep-13, 0x1.fde56ce3f8175p-17};
/// (2 atanh(s) - 2s - 2/3 s^3)/s^5 in z = s^2, |s| <= 0.1716: error 2^-66.2.
inline constexpr double pow_log_t_f64[] = {0x1.9999999999b4p-2, 0x1.2492492455dbcp-2, 0x1.c71c72304957p-3,
    0x1.745ce8dc7e29dp-3, 0x1.3b1f1d0881accp-3, 0x1.0f7b50b3b791ep-3, 0x1.0e6e8cb8b2181p-3};
/// ((1 - h)^(-1/3) - 1)/h: error 2^-14.28.
inline constexpr double cbrt_r_f32[] = {0x1.56be76p-2, 0x1.ca4bb8p-3};
/// ((1 - h)^(-1/3) - 1)/h: error 2^-18.41.
inline constexpr double cbrt_r_f64[] = {0x1.5553c2617660bp-2, 0x1.c9bf6cb06d3adp-3, 0x1.65e29cccc7363p-3};
/// 1/(2 r) for r in [2, 4 sqrt 2]; f64 takes the same: error 2^-4.929.
inline constexpr double hypot_r_f32[] = {0x1.c8673p-2, -0x1.f9af64p-4, 0x1.60399ep-7};
/// (sinh r - r)/r^3 in z = r^2, |r| <= 1.04: error 2^-29.05.
inline constexpr double sinh_s_f32[] = {0x1.555556p-3, 0x1.11113p-7, 0x1.9ff8dp-13, 0x1.7ad9eep-19};
/// (sinh r - r)/r^3 in z = r^2, |r| <= 1.04: error 2^-58.71.
inline constexpr double sinh_s_f64[] = {0x1.5555555555555p-3, 0x1.1111111111117p-7, 0x1.a01a01a019f92p-13,
    0x1.71de3a557808cp-19, 0x1.ae64566f7f035p-26, 0x1.61246dd60f3a8p-33, 0x1.ae739a56dbb93p-41,
    0x1.9af22518d73b3p-49};
/// (cosh r - 1)/r^2 in z = r^2, |r| <= 1.04: error 2^-29.22.
inline constexpr double cosh_c_f32[] = {0x1.fffffep-2, 0x1.5555d8p-5, 0x1.6be9a6p-10, 0x1.ac7abep-16};
/// (cosh r - 1)/r^2 in z = r^2, |r| <= 1.04: error 2^-61.35.
inline constexpr double cosh_c_f64[] = {0x1p-1, 0x1.5555555555556p-5, 0x1.6c16c16c16abep-10, 0x1.a01a01a035903p-16,
    0x1.27e4fb64b71a6p-22, 0x1.1eed9dfc64578p-29, 0x1.938974464aa65p-37, 0x1.b55b3f6286c0ep-45};
/// (tanh x - x)/x^3 in z = x^2, |x| <= 0.625: numerator and denominator, error 2^-57.52.
inline constexpr double tanh_r_p_f64[] = {-0x1.5555555555555p-2, -0x1.4fda3296bc87dp-6, -0x1.a1b4e5dd75bf5p-13};
inline constexpr double tanh_r_q_f64[] = {0x1p+0, 0x1.d8928315dcef2p-2, 0x1.7d9aed2c18586p-6, 0x1.b121f4bca84dep-13};
/// The anchors of normtail in f32, 3/16 apart, where it is almost an f32.
inline constexpr int normtail_anchors = 32;
inline constexpr double normtail_anchor[] = {0x0p+0, 0x1.7ff64cp-3, 0x1.7ffba4p-2, 0x1.1ff976p-1, 0x1.8009a2p-1,
    0x1.e03accp-1, 0x1.200704p+0, 0x1.4feb88p+0, 0x1.8018d2p+0, 0x1.aff1dep+0, 0x1.e02b0ap+0, 0x1.080cbep+1,
    0x1.2005c8p+1, 0x1.384b82p+1, 0x1.4fd5acp+1, 0x1.67e6bcp+1, 0x1.7fa864p+1, 0x1.984336p+1, 0x1.aff222p+1,
    0x1.c7f324p+1, 0x1.e0036ep+1, 0x1.f7f7fp+1, 0x1.0814bcp+2, 0x1.13fbd2p+2, 0x1.1ff0bep+2, 0x1.2c4504p+2,
    0x1.3814f8p+2, 0x1.44071p+2, 0x1.4ff3d2p+2, 0x1.5be2dp+2, 0x1.683f58p+2, 0x1.740556p+2};
/// 2^32 normcdf(-a) in a - anchor, a row for each power: error 2^-26.93.
inline constexpr double normtail_c[][normtail_anchors] = {
    {0x1p+31, 0x1.b3db62p+30, 0x1.6a5418p+30, 0x1.25ca58p+30, 0x1.d01666p+29, 0x1.64a11cp+29,
    0x1.0acbf6p+29, 0x1.8401fp+28, 0x1.117102p+28, 0x1.76fbc2p+27, 0x1.f1463ap+26, 0x1.407f46p+26, 0x1.906358p+25,
    0x1.e1887p+24, 0x1.1d02a6p+24, 0x1.42ef6cp+23, 0x1.64fc8p+22, 0x1.758a1p+21, 0x1.839a34p+20, 0x1.81c29cp+19,
    0x1.72b1b8p+18, 0x1.59b12p+17, 0x1.354a0ep+16, 0x1.0f20f2p+15, 0x1.ca07aep+13, 0x1.6ba218p+12, 0x1.223158p+11,
    0x1.bb4ddep+9, 0x1.47f388p+8, 0x1.d4cep+6, 0x1.37a3b4p+5, 0x1.a61f8ep+3},
    {-0x1.988454p+30, -0x1.91666ap+30, -0x1.7cc832p+30, -0x1.5cc042p+30, -0x1.345904p+30,
    -0x1.07220ap+30, -0x1.b1dfp+29, -0x1.596b9ep+29, -0x1.0919f4p+29, -0x1.899c72p+28, -0x1.1966dcp+28,
    -0x1.853fc8p+27, -0x1.03e874p+27, -0x1.4d3806p+26, -0x1.a25ca2p+25, -0x1.f5f3f8p+24, -0x1.24c898p+24,
    -0x1.43183cp+23, -0x1.601198p+22, -0x1.6f6ff4p+21, -0x1.71940ap+20, -0x1.6805e4p+19, -0x1.500d4ep+18,
    -0x1.32a75p+17, -0x1.0d49e8p+16, -0x1.bc6f92p+14, -0x1.6f986cp+13, -0x1.22c632p+12, -0x1.bd0648p+10,
    -0x1.48afe2p+9, -0x1.c39fep+7, -0x1.3b527p+6},
    {0x1.385a66p+13, 0x1.2d054p+27, 0x1.1d92e2p+28, 0x1.884f6ap+28, 0x1.ce9122p+28, 0x1.ed9c4p+28,
    0x1.e826c6p+28, 0x1.c541ap+28, 0x1.8dc0a2p+28, 0x1.4c1124p+28, 0x1.07e814p+28, 0x1.917d28p+27, 0x1.246b6p+27,
    0x1.967e9p+26, 0x1.126a34p+26, 0x1.60d6c6p+25, 0x1.b6c8b2p+24, 0x1.01a1bap+24, 0x1.29055p+23, 0x1.47367ap+22,
    0x1.5a7d42p+21, 0x1.626022p+20, 0x1.5aa8fp+19, 0x1.4a9762p+18, 0x1.2ee318p+17, 0x1.04a548p+16, 0x1.c01fep+14,
    0x1.700adcp+13, 0x1.24018ap+12, 0x1.bea99ep+10, 0x1.3dc44ap+9, 0x1.ca3a5ep+7},
    {0x1.0fb12ep+28, 0x1.02218p+28, 0x1.b477ccp+27, 0x1.3ddefap+27, 0x1.676c5p+26, 0x1.51586p+24,
    -0x1.33d81ap+25, -0x1.4c8d08p+26, -0x1.ba335ep+26, -0x1.e4a64ap+26, -0x1.d86764p+26, -0x1.a6656ep+26,
    -0x1.6008bap+26, -0x1.130cb8p+26, -0x1.9a4084p+25, -0x1.20de22p+25, -0x1.859888p+24, -0x1.edf9a4p+23,
    -0x1.30c4c2p+23, -0x1.65e724p+22, -0x1.925342p+21, -0x1.b315bep+20, -0x1.c0cd4p+19, -0x1.c1a3f6p+18,
    -0x1.afcc68p+17, -0x1.851ab6p+16, -0x1.5ce0e6p+15, -0x1.2a7294p+14, -0x1.ec650ep+12, -0x1.86f5b8p+11,
    -0x1.20b3bp+10, -0x1.aecb7ap+8},
    {0x1.48e8b6p+24, -0x1.29a678p+25, -0x1.104d42p+26, -0x1.5f2048p+26, -0x1.77c5p+26,
    -0x1.5cc8fp+26, -0x1.1a4bacp+26, -0x1.82268p+25, -0x1.8d4a2ep+24, -0x1.0fa2ap+22, 0x1.6d2582p+23, 0x1.4fea9cp+24,
    0x1.92525p+24, 0x1.901594p+24, 0x1.6344d6p+24, 0x1.207caap+24, 0x1.b599eep+23, 0x1.340108p+23, 0x1.9f36f8p+22,
    0x1.0831b2p+22, 0x1.3f7392p+21, 0x1.71301ep+20, 0x1.9530bap+19, 0x1.ada078p+18, 0x1.b330bcp+17, 0x1.9cf3a4p+16,
    0x1.83f69p+15, 0x1.5b165cp+14, 0x1.2abf92p+13, 0x1.ee0f6ep+11, 0x1.7bc768p+10, 0x1.25eb4ep+9},
    {-0x1.70903p+28, -0x1.73e432p+24, -0x1.235d8p+25, -0x1.f91c56p+22, 0x1.a0ead2p+23,
    0x1.c29a98p+23, 0x1.e2a3eep+24, 0x1.e57d18p+24, 0x1.699902p+24, 0x1.41b1dep+24, 0x1.9da876p+23, 0x1.d2c1ccp+22,
    0x1.f902f2p+20, -0x1.079a54p+21, -0x1.10c08cp+22, -0x1.2b9dfcp+22, -0x1.2208ccp+22, -0x1.e55da4p+21,
    -0x1.7849e4p+21, -0x1.0d6eb8p+21, -0x1.671468p+20, -0x1.c30bdcp+19, -0x1.0a868ap+19, -0x1.2f12a4p+18,
    -0x1.46471cp+17, -0x1.49a32ep+16, -0x1.466f22p+15, -0x1.32aceep+14, -0x1.14baeap+13, -0x1.de8be2p+11,
    -0x1.8052d2p+10, -0x1.356ee2p+9},
    {0x1.4172bcp+31, 0x1.ceb906p+22, 0x1.f09114p+23, 0x1.0ccacap+24, 0x1.5e50ecp+23,
    0x1.fa8c52p+22, 0x1.232c16p+23, 0x1.19043ep+20, -0x1.c1ceb8p+20, -0x1.0de7f6p+22, -0x1.ce1fd2p+22,
    -0x1.221bd8p+22, -0x1.23cd1p+22, -0x1.51966ep+21, -0x1.50ca8cp+20, -0x1.3f96eap+17, 0x1.e54b58p+18,
    0x1.87a7e6p+19, 0x1.9c208p+19, 0x1.5f7d82p+19, 0x1.1294e8p+19, 0x1.8f27aap+18, 0x1.039b48p+18, 0x1.447038p+17,
    0x1.765092p+16, 0x1.955ac4p+15, 0x1.ab99b8p+14, 0x1.a952ap+13, 0x1.96cf6ap+12, 0x1.712408p+11, 0x1.3784fap+10,
    0x1.05fa2p+9},
    {-0x1.ed1632p+32, -0x1.b38bb6p+29, 0x1.725456p+26, -0x1.fa132ep+28, -0x1.808b7cp+29,
    0x1.ce1758p+22, -0x1.4e389ep+29, -0x1.65c658p+28, 0x1.c5b006p+25, -0x1.87cfa6p+25, 0x1.1a958ep+26,
    -0x1.8161aep+24, 0x1.e1feeep+22, 0x1.ae28c2p+23, 0x1.4d8a4cp+24, -0x1.2102e2p+21, -0x1.f1c87ap+19,
    -0x1.060514p+21, -0x1.8b7dbcp+19, 0x1.ed3caep+17, 0x1.95a8e2p+16, -0x1.452748p+17, -0x1.3e81fp+17,
    -0x1.5042bp+16, -0x1.ca652ap+15, -0x1.f77998p+13, -0x1.4d0584p+13, -0x1.b6d2bcp+12, -0x1.e452cp+11,
    -0x1.bf02ap+10, -0x1.8d5676p+9, -0x1.5f9866p+8},
};
/// log 2, in parts of 16 bits and the rest.
inline constexpr double ln2_f32[] = {0x1.62e4p-1, 0x1.7f7d1cp-20};
/// log 2, in parts of 42 bits and the rest.
inline constexpr double ln2_f64[] = {0x1.62e42fefa38p-1, 0x1.ef35793c7673p-45};
/// log 2, in parts of 12 bits and the rest.
inline constexpr double ln2_half_f32[] = {0x1.62ep-1, 0x1.0bfbe8p-15};
/// log 2, in parts of 26 bits and the rest.
inline constexpr double ln2_half_f64[] = {0x1.62e43p-1, -0x1.05c610ca86c39p-29};
/// log 2, in parts of 11 bits and the rest.
inline constexpr double ln2_short_f32[] = {0x1.63p-1, -0x1.bd0106p-13};
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
/// 3/2 sqrt(1/2), in parts of 53 bits and the rest.
inline constexpr double normtail_slope_f64[] = {0x1.0f876ccdf6cd9p+0, 0x1.b1a18f13a34cp-54};
/// 1/log 2.
inline constexpr double inverse_ln2 = 0x1.71547652b82fep+0;
/// 2/pi.
inline constexpr double inverse_half_pi = 0x1.45f306dc9c883p-1;
/// 2^(i/16) for exp in f32, and what is left of it.
inline constexpr double sixteenth_powers[] = {0x1p+0, 0x1.0b5586p+0, 0x1.172b84p+0, 0x1.2387a6p+0, 0x1.306fep+0,
    0x1.3dea64p+0, 0x1.4bfdaep+0, 0x1.5ab07ep+0, 0x1.6a09e6p+0, 0x1.7a1148p+0, 0x1.8ace54p+0, 0x1.9c4918p+0,
    0x1.ae89fap+0, 0x1.c199bep+0, 0x1.d5818ep+0, 0x1.ea4afap+0};
inline constexpr double sixteenth_powers_low[] = {0x0p+0, 0x1.9f3122p-25, -0x1.c15742p-27, 0x1.ceac48p-25,
    0x1.4636e2p-25, 0x1.824684p-25, -0x1.593abcp-25, -0x1.5bd5ecp-27, 0x1.9fcef4p-26, -0x1.829fdp-25, 0x1.15506ep-27,
    0x1.51f848p-27, -0x1.a94b14p-26, -0x1.3d56b2p-27, -0x1.822dbcp-27, 0x1.52486cp-27};
/// The anchors of tanh in f32, where it is almost an f32, and their tanh.
inline constexpr double tanh_anchor[] = {0x0p+0, 0x0p+0, 0x0p+0, 0x1.c0579p-3, 0x1.1f9d0ep-2, 0x1.5fc2e8p-2,
    0x1.c02c54p-2, 0x1.2040c6p-1, 0x1.5fe81ep-1, 0x1.a0a58cp-1, 0x1.df4538p-1, 0x1.1013bep+0, 0x1.306764p+0,
    0x1.4fa136p+0, 0x1.801938p+0, 0x1.c0a1c4p+0, 0x1.ff79eap+0, 0x1.1fe9aap+1, 0x1.3fe72ep+1, 0x1.5fdd7cp+1,
    0x1.802b1cp+1, 0x1.9f71b8p+1, 0x1.d0e5e8p+1, 0x1.087f4cp+2, 0x1.2839c8p+2, 0x1.4863b6p+2, 0x1.6879cap+2,
    0x1.884fbap+2, 0x1.a780cap+2, 0x1.c79ce4p+2, 0x1.f70606p+2, 0x1.154af8p+3};
inline constexpr double tanh_of_anchor[] = {0x0p+0, 0x0p+0, 0x0p+0, 0x1.b95084p-3, 0x1.184814p-2, 0x1.528c5cp-2,
    0x1.a5977p-2, 0x1.05385cp-1, 0x1.31487cp-1, 0x1.57e3fp-1, 0x1.7782p-1, 0x1.92cecp-1, 0x1.a91c1cp-1,
    0x1.baa538p-1, 0x1.cf78b4p-1, 0x1.e220b6p-1, 0x1.ed820ap-1, 0x1.f4bbf4p-1, 0x1.f922dep-1, 0x1.fbd2ccp-1,
    0x1.fd7984p-1, 0x1.fe730cp-1, 0x1.ff488ep-1, 0x1.ffbc96p-1, 0x1.ffe6fcp-1, 0x1.fff6d8p-1, 0x1.fffca4p-1,
    0x1.fffec2p-1, 0x1.ffff88p-1, 0x1.ffffd4p-1, 0x1.fffff6p-1, 0x1.fffffep-1};
/// 1 - tanh^2 of them.
inline constexpr double sech2_of_anchor[] = {0x1p+0, 0x1p+0, 0x1p+0, 0x1.e839ccp-1, 0x1.d9a448p-1, 0x1.c80922p-1,
    0x1.a93692p-1, 0x1.7aba04p-1, 0x1.49f91ap-1, 0x1.1905b4p-1, 0x1.d931e2p-2, 0x1.863206p-2, 0x1.3e11a8p-2,
    0x1.02a11p-2, 0x1.71d458p-3, 0x1.d0033ap-4, 0x1.22878ep-4, 0x1.648a28p-5, 0x1.b456b6p-6, 0x1.0a35e6p-6,
    0x1.4271eap-7, 0x1.8c5a1ap-8, 0x1.6ea24cp-9, 0x1.0d9632p-10, 0x1.903634p-12, 0x1.24fdd2p-13, 0x1.ae0034p-15,
    0x1.3e02bcp-16, 0x1.dfeecep-18, 0x1.5fe80ap-19, 0x1.3fec04p-21, 0x1.fee9f8p-24};
/// For log1p: a factor for each sixteenth of [3/4, 3/2), and minus its logarithm, a multiple of 2^-17, 2^-42.
inline constexpr double log_factor_f32[] = {0x1.4eb5f4p+0, 0x1.41b39cp+0, 0x1.35c0cp+0, 0x1.2b4c84p+0, 0x1.1f14a8p+0,
    0x1.147d58p+0, 0x1.0c4b3cp+0, 0x1p+0, 0x1p+0, 0x1p+0, 0x1.bb76p-1, 0x1.a44618p-1, 0x1.8f119p-1, 0x1.7d29p-1,
    0x1.6c271p-1, 0x1.5c1238p-1};
inline constexpr double log_of_factor_f32[] = {-0x1.1286p-2, -0x1.d3dcp-3, -0x1.8658p-3, -0x1.4008p-3, -0x1.d558p-4,
    -0x1.3b6p-4, -0x1.804p-5, 0x0p+0, 0x0p+0, 0x0p+0, 0x1.2654p-3, 0x1.945p-3, 0x1.fe58p-3, 0x1.2e3p-2, 0x1.5ceep-2,
    0x1.8b2ep-2};
inline constexpr double log_factor_f64[] = {0x1.4e71fc86a49ecp+0, 0x1.41546b17f399cp+0, 0x1.3548eb30d8984p+0,
    0x1.29de4b08f9e68p+0, 0x1.1f78f4e4399p+0, 0x1.166d53de491e8p+0, 0x1.0c47f2a0d2ae8p+0, 0x1p+0, 0x1p+0,
    0x1.d7258b34d45dp-1, 0x1.ba5337473817p-1, 0x1.a41c11597a0ep-1, 0x1.901e8dac1c6ep-1, 0x1.7d2aa692dc4d8p-1,
    0x1.6bb8dfdffc1d8p-1, 0x1.5c8cbcd7a6e38p-1};
inline constexpr double log_of_factor_f64[] = {-0x1.11b5fbac83p-2, -0x1.d17da63a6p-3, -0x1.833f1c16bap-3,
    -0x1.36380e7c6p-3, -0x1.daee160edcp-4, -0x1.57fa078aap-4, -0x1.7fdba59edp-5, 0x0p+0, 0x0p+0, 0x1.549a8e8544p-4,
    0x1.2b94a0a8e2p-3, 0x1.951cd53ff2p-3, 0x1.f8f55dce1p-3, 0x1.2e2b90c2e8p-2, 0x1.5e24086012p-2, 0x1.89c5ce481dp-2};
/// The bits of 2/pi after 64 zeros, 32 in each, for the reduction of huge angles.
inline constexpr std::uint64_t inverse_half_pi_bits[] = {0x0, 0x0, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0,
    0xdb629599, 0x3c439041, 0xfe5163ab, 0xdebbc561, 0xb7246e3a, 0x424dd2e0, 0x6492eea, 0x9d1921c, 0xfe1deb1c,
    0xb129a73e, 0xe88235f5, 0x2ebb4484, 0xe99c7026, 0xb45f7e41, 0x3991d639, 0x835339f4, 0x9c845f8b, 0xbdf9283b,
    0x1ff897ff, 0xde05980f, 0xef2f118b, 0x5a0a6d1f, 0x6d367ecf, 0x27cb09b7, 0x4f463f66, 0x9e5fea2d, 0x7527bac7,
    0xebe5f17b, 0x3d0739f7, 0x8a5292ea, 0x6bfb5fb1, 0x1f8d5d08, 0x56033046, 0xfc7b6bab};

}  // namespace actinium::math::coefficients
