"""Files that other programs wrote, with invented secrets: what their formats really are."""

from __future__ import annotations

import base64

#: By keepassxc-cli 2.7.4 (`import` of an XML file): KDBX 3.1, AES, a million rounds or more. Holds the access
#: key KEY in Work/northwind, KEY_2 in the recycle bin, and three codes, each kept in another way.
KEEPASSXC_PASSWORD = "pass EXAMPLE"
KEEPASSXC_31 = base64.b64decode(
    "A9mimmf7S7UBAAMAAhAAMcHy5r9xQ1C+WAUhavxa/wMEAAEAAAAEIADs4i19AO2TR0gkJ37NdaJ+XttYrz72iwvd+2Q6PwXH7QUg"
    "AFkQxTcMlZLSiyBWjCvq4N9cNlOdFlKmTWMaZxXtxcrmBggATXwjAAAAAAAHEACIInblmJ3IO+DibaNTqc6jCCAAaagS1toazgME"
    "ANIO1e3CoBvwWpjVCpZfAAuS1OS/W5AJIAD8LieaqcAFsQd28lF0M7vbRI2EdnShQ4ha9bUQBjYYaAoEAAIAAAAABAANCg0KaxTf"
    "+jK0EcJIo6woFDQzplAaJSFxcRoJBkzES9Wsl9GmO5xgLJO6WYo2FsOE2GwPfEfzbQbrPspfOapNbX+N6pSnFgKY2eOyA20oEWDg"
    "BNeF4Pp0zEcR9riuxQdj7S5EvNP5RSdN6h66yu2Y3ADcCjqgFSRrcUni8BPLl/EpicQC3FsE5IOiMmEAtFDBMJQWN1lkZfBiL/E+"
    "6LR6MONNf1o0ngEOtv9KlIxXlOeW26xpAq6pG4wbNmT6Jb2VJ7X8rydwuQkQcAMtWN/HCbg0nyY2LcSqXgafwYvIqV+YIaEs0Ivv"
    "NOY3D6gYytXWBScdlO2XqKg7Ts0OanoDgB85XlBlIZa4GNvN4UYzay9W4yWj7uelPIFfB+6fh+vZsm+3LJ4k4cfDMoqQ7FmFEEGA"
    "FNKR9U/5esnGsFv3xJ20bSTZGmbeqkunz/K91RQkoaVxcdO43rDczHb04TIIfY4LK2Owi0cGCqBzqUbzDPCFNm9VFdb7Q0fcuOxD"
    "UoKlKKkA1taNkcpxCLGVOUkEwSoCgzBFFMknp+1U4x4/83imPggSi7Kf9OxttpYseF/w5CA+EBKZXC2lAr0tGfLhpf7I4AFzJkJE"
    "xSWFEo690RgfcYCf1S0Gzi4dmKAsL5NSaThDEVFC3e24sFpmCYjxmmfaOBJu2SvnLeieweAuhJKm4l1mGr0xUj55rFHkgl+0Qs2Z"
    "sXQShLjbR4s4+GUDXwfsMQlQPQ7L7qcZ5iWARDCqHUrlQvBqH21STyaQZE/K3JUrlY64T8x4dLb1H9Ykp7Q3/s19AG3gnGvfx3nY"
    "kB6tap8FNI/Fm7CfxYfi1kFd+q0tfmAJf9w1uq+27eAtnV57+mgscSpnpKDrqAqst/riaj9JwP2Q7q6vH0QPZppiwfsaYRYjvSUI"
    "orv7E5HbxwLUSp/WNO9z+BULXzWvVlVc3gr7OGbgtFyXsMGvj3HRasQaPmCIyJ97m7fytPI/bhabB5wHCuUFWfTrMxNwAIweTcGq"
    "2BYT6WvFh31AoxfibS3l8ChcvJyQEW2dCEfPj6BOykVcV8ZjZLqABsf1+T57Jb/j+Cpll/Uw6eY4AwsDDIpMF9rPQmuXWEEH5ApA"
    "gNM5jj5WdckF2a8UMNC5DYQub89U3ShLDRYzgf0BcbQMYZfaRcnxLsz2eABI2eUd0h4FFlNWRYdOLlSuDyvmTjg2ySfE8zJgBXVk"
    "HuNV4VpJVuTrpBDV4IAx4IldLlLWHZeStacRTAbDSy3ViD6Mt7AM6vAN+HCupU/JyysBe0jBXyFgWCXFHyRqwEnJ/au612RIYMEg"
    "S+Y4RMlOH4VA48swD2OE6ldGUyM9FyTVCbQHy7mHNHkiXI6CYh10GMciOc36QBodm087DUJV4MBxFFubCZiJJk89fIZ44Q7edUkj"
    "O1/AfSVyoM3krauPSkNP/pbD0NIHQor7muMCAo0vyl5MsmQYWAzsHRfW2ZakY3nQi48PtdLtb4J1/k0acF8gGysvtPlJd18U8VbB"
    "rsA8Up7Ws5QuM60/SaIwleAOWYwgtqugCa9UiJ4deBGMEpiz8of68nWTq5/fZtSvNDKGyJBLJNg5dVK6yZWQSu7dF5RHOUqU6bR8"
    "QSkt5j1kPTXKDdRnYnm79oIL9zwu2mLLAINJ/JyimAgXTVHbhVI9XwIp8AtOnuD/QSZgG51NQlm6U0uxaAOdIC8CvVleQA7+wKgO"
    "LGaXmObC4rh9HRsRgb/eo6BEMAF0k9YPTP/XFRg98e3onW5p9+eLKPpcpubSbRnMGE6ee5erm5HolZ4Ou+Eyk5Fl2deje3KnasCD"
    "Lrz0mFiC8H1yfrwfuHezZOPvDQ4X1myBAABcG651gAZgu6m7fYEqdwGbT83hzvx/rFoetbY3Dz7ZVdJ3Q/1PtWZQ8QGtYW+6vjjw"
    "oDs4Nm7cT1FXEcttVfYOf1IiwlaCaA2x2VjpFz+IF+cgoFN0JiG1d1cKFriD0K2D0epfeO74OtMu19cqh+QyOfVktvq/64oLIHCu"
    "JaVO0Yw4lCgU+jBtm7NO6XjkVEBweDHEHjv+p4skrb2S5719UIjuDC9nXzmT6C50p0iLlRxDsc1kr564nmF8t1/stxT7wyZtL9g/"
    "/xEA8DPfCRMxm9Fwf2P7NaYsDvMh52Aof2S88+qxe/e1kf6/JrafTf5r8A/RZ/Hb7dXEJ8mhBSltbonoVWblfQYknToXmuyVbJpE"
    "GXiWjAL9snv6kYo="
)

#: By the Go library `keyring` 1.2.2, file store, as aws-vault calls it: item `work`, holding KEY.
GO_KEYRING_PASSWORD = "file passphrase EXAMPLE"
GO_KEYRING_FILE = (
    "eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJjcmVhdGVkIjoiMjAyNi0xMS0yNSAwODoyMzo1OC42MjQ5NzQwMDIgKzAwMDAg"
    "VVRDIG09KzAuMDA1ODk1MTk1IiwiZW5jIjoiQTI1NkdDTSIsInAyYyI6ODE5MiwicDJzIjoiMG1xWGdSVFlhdC1vOEY4VSJ9.i6_"
    "HKaGXRA6En6TTo-"
    "6xIV3bjgVXvpYmpAFxYFw44mIWGC20wuZ2sg.mIIju7t2T4Ic5TFF.KhC6Ubp0pizWfiSNXkMQkwPWbOdU10C_DqV9K-"
    "SKFPczyYvy7l1hw1o0O5_TgBELKyaqCzTALl4TAris38VSXbMoreRACIq_vWG70SElD0X6ezmW3XOcMAi-"
    "OFRCiFeDUlrzS_dgGDtCxaD4TpY8rgxUCrXBYJtAKEi9hBuEU4XgxN-Yy-"
    "e2Z1hiw83n_LwboXMyjubGmjvO1dsAtxWM6VD4f1l5CRM47u1lmLnb59IvUqrNSD7DzGhltUWKaP3qC9ei-4xnTcQT-"
    "T38J1xlFdwDUj1o1knTU-Abdac2NNWeft7JieNbHp3fO0TbCqVtdZJV_H5m7_h8EdrbUrxMMqG0lKLLw5WK6vlqZql_dOslOPrdO"
    "EXxQ9QgTnXWhA6ha_CAkTLhYAntjEkMyO--wBeSh0TOTMGJX5daGP8.RjvAQKnraCpAzzXX_X_QhA"
)
