# Tuning: candidates on tuning seeds and validation contexts, what is chosen, and the page about it.


rule tune_settings:
    input:
        job("tune_settings"),
        contexts="results/{study}/{benchmark}/contexts/{block}.parquet",
        validation="results/{study}/{benchmark}/contexts/validation.parquet",
    output:
        trials="results/{study}/tuned/{benchmark}/{agent}/{method}/{block}/trials.parquet",
    log:
        "results/{study}/logs/tune_settings/{benchmark}/{agent}/{method}/{block}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("tune_settings"),
        runtime=runtime("tune_settings"),
    params:
        # No output: Snakemake would delete it before a killed tuning could go on from it.
        journal="results/{study}/checkpoints/tune_settings/{benchmark}/{agent}/{method}/{block}.parquet",
    shell:
        "python -m meta_rl.study.attempt {log} tune_settings --job {input.job} --contexts {input.contexts}"
        " --validation {input.validation} --journal {params.journal} --trials {output.trials}"


rule choose_settings:
    input:
        job(
            "choose_settings",
            trials=files(
                "results/{study}/tuned/{benchmark}/{agent}/{method}/{tuning_block}/trials.parquet",
                "benchmark",
                "agent",
                "method",
            ),
        ),
    output:
        tuned="results/{study}/tuned/{benchmark}/{agent}/{method}/settings.json",
    log:
        "results/{study}/logs/choose_settings/{benchmark}/{agent}/{method}.log",
    conda:
        "../../environment.yml"
    threads: 1
    shell:
        "python -m meta_rl.study.attempt {log} choose_settings --job {input.job} --tuned {output.tuned}"


rule summarise_tuning:
    input:
        job(
            "summarise_tuning",
            trials=files(
                "results/{study}/tuned/{benchmark}/{agent}/{method}/{tuning_block}/trials.parquet"
            ),
            tuned=files(
                "results/{study}/tuned/{benchmark}/{agent}/{method}/settings.json"
            ),
        ),
    output:
        page=report(
            "results/{study}/tuned/tuning.html",
            caption="../report/tuning.rst",
            category="Tuning",
        ),
    log:
        "results/{study}/logs/summarise_tuning/study.log",
    conda:
        "../../environment.yml"
    threads: 1
    shell:
        "python -m meta_rl.study.attempt {log} summarise_tuning --job {input.job} --page {output.page}"
