# Encoders, agents, and the specialists of the references.


rule train_generator:
    input:
        job("train_generator"),
        contexts="results/{study}/{benchmark}/contexts/{block}.parquet",
    output:
        generator="results/{study}/{benchmark}/{agent}/{method}/{block}/generator.pt",
    log:
        "results/{study}/logs/train_generator/{benchmark}/{agent}/{method}/{block}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("train_generator"),
        runtime=runtime("train_generator"),
    params:
        checkpoint="results/{study}/checkpoints/train_generator/{benchmark}/{agent}/{method}/{block}.pt",
    shell:
        "python -m meta_rl.study.attempt {log} train_generator --job {input.job} --contexts {input.contexts}"
        " --checkpoint {params.checkpoint} --generator {output.generator}"


rule pretrain_encoder:
    input:
        job("pretrain_encoder"),
        trajectories="results/{study}/{benchmark}/{agent}/{method}/{block}/trajectories/{block}.parquet",
        contexts="results/{study}/{benchmark}/contexts/{block}.parquet",
    output:
        encoder="results/{study}/{benchmark}/{agent}/{method}/{block}/encoder.pt",
    log:
        "results/{study}/logs/pretrain_encoder/{benchmark}/{agent}/{method}/{block}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("pretrain_encoder"),
        runtime=runtime("pretrain_encoder"),
    shell:
        "python -m meta_rl.study.attempt {log} pretrain_encoder --job {input.job}"
        " --trajectories {input.trajectories} --contexts {input.contexts} --encoder {output.encoder}"


rule train:
    input:
        job("train"),
        contexts="results/{study}/{benchmark}/contexts/{block}.parquet",
        encoder=encoder,
    output:
        policy="results/{study}/{benchmark}/{agent}/{method}/{block}/policy.pt",
        learning="results/{study}/{benchmark}/{agent}/{method}/{block}/learning.parquet",
    log:
        "results/{study}/logs/train/{benchmark}/{agent}/{method}/{block}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("train"),
        runtime=runtime("train"),
    params:
        checkpoint="results/{study}/checkpoints/train/{benchmark}/{agent}/{method}/{block}.pt",
    shell:
        "python -m meta_rl.study.attempt {log} train --job {input.job} --contexts {input.contexts}"
        " --encoder {input.encoder} --checkpoint {params.checkpoint} --policy {output.policy}"
        " --learning {output.learning}"


rule solve_references:
    input:
        job("solve_references"),
    output:
        policy="results/{study}/{benchmark}/references/{agent}.pt",
    log:
        "results/{study}/logs/solve_references/{benchmark}/{agent}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("solve_references"),
        runtime=runtime("solve_references"),
    params:
        checkpoint="results/{study}/checkpoints/solve_references/{benchmark}/{agent}.pt",
    shell:
        "python -m meta_rl.study.attempt {log} solve_references --job {input.job}"
        " --checkpoint {params.checkpoint} --policy {output.policy}"
